package httpapi

import (
	"encoding/json"
	"net/http"
	"time"

	"github.com/lianji/lianji/internal/errs"
	"github.com/lianji/lianji/internal/safego"
)

// Applicable is a resource of which whoever asked may apply for some items.
type Applicable struct {
	Resource string           `json:"resource"` // agency.resource
	Class    string           `json:"class"`
	Items    []ApplicableItem `json:"items"`
}

// ApplicableItem is an item that is not open to whoever asked.
type ApplicableItem struct {
	Name  string `json:"name"`
	Title string `json:"title,omitempty"`
}

// applicable answers what of a refused statement's names can be applied for. A query
// that is not there reads like another's.
func (d *door) applicable(w http.ResponseWriter, r *http.Request) {
	if d.Applicable == nil {
		refuse(w, r, http.StatusNotFound, errs.New(errs.RequestInvalid, "http_not_found", nil))
		return
	}
	q := &ask{door: d, w: w, r: r, id: newID(), start: time.Now()}
	by := q.asker("", "")
	var list []Applicable
	err := safego.Call(func() (err error) {
		if by.Token, err = bearer(r); err != nil {
			return err
		}
		list, err = d.Applicable(by, r.PathValue("id"))
		return err
	})
	switch errs.CodeOf(err) {
	case "":
	case errs.RequestInvalid:
		refuse(w, r, http.StatusNotFound, err)
		return
	default:
		q.log(q.refused(by, err))
		return
	}
	if list == nil {
		list = []Applicable{}
	}
	text, err := json.Marshal(map[string]any{"resources": list})
	if err != nil {
		q.log(q.problem(err))
		return
	}
	w.Header().Set("Content-Type", "application/json")
	// A client that has gone away needs no answer.
	_, _ = w.Write(append(text, '\n'))
}
