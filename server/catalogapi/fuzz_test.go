package catalogapi

import (
	"encoding/json"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/lianji/lianji/internal/errs"
)

// FuzzBody: an object is read as encoding/json reads it, or the error is the client's and
// has no value in it.
func FuzzBody(f *testing.F) {
	f.Add([]byte(`{"name":"公安","title":"公安局"}`))
	kinds := []any{agency{}, purpose{}, principal{}, source{}, resource{}, grant{}, token{}, newPassword{}, confirmation{}}
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, kind := range kinds {
			into, want := reflect.New(reflect.TypeOf(kind)), reflect.New(reflect.TypeOf(kind))
			if err := decode(body, into.Interface()); err != nil {
				if errs.CodeOf(err) != errs.RequestInvalid {
					t.Errorf("%T: %v", kind, err)
				}
				noValue(t, body, err)
				continue
			}
			if err := json.Unmarshal(body, want.Interface()); err != nil || !cmp.Equal(want.Interface(), into.Interface(), cmp.Exporter(func(reflect.Type) bool { return true })) {
				t.Errorf("%T: %v %+v", kind, err, into.Interface())
			}
		}
	})
}

// noValue looks for the long texts of an object in an error. Its names may stand there.
func noValue(t *testing.T, body []byte, err error) {
	t.Helper()
	var members map[string]any
	if json.Unmarshal(body, &members) != nil {
		return
	}
	for _, v := range members {
		text, ok := v.(string)
		for name := range members {
			ok = ok && len(text) >= 12 && !strings.Contains(name, text)
		}
		if ok && strings.Contains(err.Error(), text) {
			t.Errorf("the error has %q in it: %v", text, err)
		}
	}
}
