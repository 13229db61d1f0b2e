package emulator

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// thing is what a table holds: a role, a member, a team or a project.
type thing[T any] interface {
	// handles returns what a path or a body may name it by; "" names nothing.
	handles() (key, id string)
	// next completes a version that is about to be stored in the place of old, nil for a new thing.
	// It may not keep memory of old.
	next(old *T, id string, now time.Time) T
	// encode returns the fixed part of the answer: a JSON object without its closing brace.
	encode(b Behaviour) []byte
	// attributes returns the role attributes.
	attributes() map[string][]string
}

// record is one version of a thing. It never changes, so a reader may keep it.
type record[T thing[T]] struct {
	is         T
	seq        uint64
	wire       []byte // the fixed part of the answer
	attributes []byte // the role attributes as JSON
}

// table holds all things of a kind.
type table[T thing[T]] struct {
	kind    string
	seq     uint64 // number of the newest record
	byKey   map[string]*record[T]
	byID    map[string]*record[T]
	order   []*record[T]    // by seq
	retired map[string]bool // keys of deleted things
	recent  []moment[T]     // changes that lagging readers may not see yet, oldest first
	// swapped hears of each exchange of one version for another; nil stands for none.
	swapped func(before, after *record[T])
}

// moment is what a record was before a change: nil before a creation; after is nil for a deletion.
type moment[T thing[T]] struct {
	at            time.Time
	before, after *record[T]
}

func newTable[T thing[T]](kind string, swapped func(before, after *record[T])) *table[T] {
	return &table[T]{
		kind: kind, byKey: map[string]*record[T]{}, byID: map[string]*record[T]{}, retired: map[string]bool{}, swapped: swapped,
	}
}

// newRecord encodes a version of a thing.
func newRecord[T thing[T]](seq uint64, is T, b Behaviour) *record[T] {
	return &record[T]{is, seq, is.encode(b), encodeAttributes(is.attributes(), b.AttributeOrder)}
}

func bySequence[T thing[T]](a, b *record[T]) int { return cmp.Compare(a.seq, b.seq) }

// find returns the record under that key or, failing that, id.
func (t *table[T]) find(keyOrID string) (*record[T], bool) {
	if r, ok := t.byKey[keyOrID]; ok {
		return r, true
	}
	r, ok := t.byID[keyOrID]
	return r, ok
}

// swap exchanges one version of a thing for the next.
func (t *table[T]) swap(before, after *record[T]) {
	if before != nil {
		key, id := before.is.handles()
		delete(t.byKey, key)
		delete(t.byID, id)
	}
	if after != nil {
		key, id := after.is.handles()
		t.byKey[key] = after
		if id != "" {
			t.byID[id] = after
		}
		t.seq = max(t.seq, after.seq)
	}
	t.arrange(before, after)
	t.swapped(before, after)
}

// arrange keeps the order by number.
func (t *table[T]) arrange(before, after *record[T]) {
	i, found := slices.BinarySearchFunc(t.order, cmp.Or(before, after), bySequence[T])
	switch {
	case !found:
		t.order = slices.Insert(t.order, i, after)
	case after == nil:
		t.order = slices.Delete(t.order, i, i+1)
	default:
		t.order[i] = after
	}
}

// hidden returns the changes after cut, oldest first.
func (t *table[T]) hidden(cut time.Time) []moment[T] {
	first := slices.IndexFunc(t.recent, func(m moment[T]) bool { return m.at.After(cut) })
	if first < 0 {
		return nil
	}
	return t.recent[first:]
}

// remember keeps the change for readers that lag behind, and forgets those from before cut.
func (t *table[T]) remember(before, after *record[T], now, cut time.Time) {
	t.recent = append(slices.Clone(t.hidden(cut)), moment[T]{now, before, after})
}

// fillPast puts into past what the table held at cut.
func (t *table[T]) fillPast(past *table[T], cut time.Time) {
	bySeq := make(map[uint64]*record[T], len(t.order))
	for _, r := range t.order {
		bySeq[r.seq] = r
	}
	for _, m := range slices.Backward(t.hidden(cut)) {
		if m.after != nil {
			delete(bySeq, m.after.seq)
		}
		if m.before != nil {
			bySeq[m.before.seq] = m.before
		}
	}
	for _, r := range slices.SortedFunc(maps.Values(bySeq), bySequence[T]) {
		past.swap(nil, r)
	}
}
