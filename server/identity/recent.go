package identity

import (
	"container/list"
	"sync"
)

// recent keeps values by key, and forgets those that were not set for longest once there
// are too many. It may be used by many goroutines.
type recent[V any] struct {
	most int

	mu    sync.Mutex
	order *list.List // the one that was set last in front
	byKey map[string]*list.Element
}

type kept[V any] struct {
	key   string
	value V
}

func newRecent[V any](most int) *recent[V] {
	return &recent[V]{most: most, order: list.New(), byKey: map[string]*list.Element{}}
}

// get gives a key's value.
func (r *recent[V]) get(key string) (value V, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.find(key)
}

func (r *recent[V]) find(key string) (value V, ok bool) {
	e := r.byKey[key]
	if e == nil {
		return value, false
	}
	k, ok := e.Value.(kept[V])
	return k.value, ok
}

// set gives a key a value.
func (r *recent[V]) set(key string, value V) { r.change(key, func(V) V { return value }) }

// change gives a key the value that is made of the one that it has, or of the zero value.
func (r *recent[V]) change(key string, with func(V) V) {
	r.mu.Lock()
	defer r.mu.Unlock()
	value, _ := r.find(key)
	next := kept[V]{key, with(value)}
	if e := r.byKey[key]; e != nil {
		e.Value = next
		r.order.MoveToFront(e)
		return
	}
	if len(r.byKey) >= r.most {
		last := r.order.Back()
		if old, ok := r.order.Remove(last).(kept[V]); ok {
			delete(r.byKey, old.key)
		}
	}
	r.byKey[key] = r.order.PushFront(next)
}

// len is how many keys there are.
func (r *recent[V]) len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.byKey)
}
