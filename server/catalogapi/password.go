package catalogapi

import "net/http"

type newPassword struct {
	Password string `json:"password"`
}

// putPassword sets the password of the sender, or of whose the sender may set it.
func (q *call) putPassword() error {
	var body newPassword
	if err := q.decode(&body); err != nil {
		return err
	}
	if err := q.Keeper.SetPassword(q.r.Context(), q.asker(), q.r.PathValue("key"), body.Password); err != nil {
		return err
	}
	q.w.WriteHeader(http.StatusNoContent)
	return nil
}

// deletePassword takes a password away. Nobody has one afterwards who had none before.
func (q *call) deletePassword() error {
	if err := q.Keeper.RemovePassword(q.r.Context(), q.asker(), q.r.PathValue("key")); err != nil {
		return err
	}
	q.w.WriteHeader(http.StatusNoContent)
	return nil
}
