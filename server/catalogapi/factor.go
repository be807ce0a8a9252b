package catalogapi

import "net/http"

// enrolment is a second factor that is shown, and in the next request confirmed.
type enrolment struct {
	URI    string `json:"uri"`
	Ticket string `json:"ticket"`
}

type confirmation struct {
	Ticket string `json:"ticket"`
	Code   string `json:"code"`
}

// postFactor shows the sender a new second factor, which is not theirs before putFactor.
func (q *call) postFactor() error {
	var body struct{}
	if err := q.decode(&body); err != nil {
		return err
	}
	e, err := q.Keeper.Enrol(q.r.Context(), q.asker())
	if err != nil {
		return err
	}
	q.w.Header().Set("Cache-Control", "no-store")
	return q.write(http.StatusOK, enrolment{e.URI, e.Ticket})
}

// putFactor makes a second factor the sender's, which its first code confirms.
func (q *call) putFactor() error {
	var body confirmation
	if err := q.decode(&body); err != nil {
		return err
	}
	if err := q.Keeper.Enrolled(q.r.Context(), q.asker(), body.Ticket, body.Code); err != nil {
		return err
	}
	q.w.WriteHeader(http.StatusNoContent)
	return nil
}

// deleteFactor takes somebody's second factor away.
func (q *call) deleteFactor() error {
	if err := q.Keeper.ResetFactor(q.r.Context(), q.asker(), q.r.PathValue("key")); err != nil {
		return err
	}
	q.w.WriteHeader(http.StatusNoContent)
	return nil
}
