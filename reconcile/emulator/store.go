package emulator

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"sync"
	"time"
)

// store is the account: all of it in memory, and each committed change in the file first, if
// there is one. Records are never changed in place, so a reader may keep them.
type store struct {
	mu      sync.RWMutex
	opts    Options
	account string // the account's id
	seed    []byte // what every id is made from
	now     *view
	disk    disk
	version int // how often the account was changed
}

// disk keeps what must outlive the process. Each call is one transaction.
type disk interface {
	commit(entries []entry) error
	close() error
}

// entry is one thing as it is to be kept.
type entry struct {
	kind string
	seq  uint64
	key  string
	is   any // nil deletes the thing and retires its key
}

func openStore(opts Options) (*store, error) {
	s := &store{opts: opts, now: newView()}
	if opts.File == "" {
		return s, s.found()
	}
	return s, s.openFile()
}

// memory is the disk of an account that is kept in memory only.
type memory struct{}

func (memory) commit([]entry) error { return nil }
func (memory) close() error         { return nil }

// found starts a new account in memory.
func (s *store) found() error {
	seed := make([]byte, 16)
	if _, err := io.ReadFull(s.opts.Rand, seed); err != nil {
		return fmt.Errorf("make the emulator's account: %w", err)
	}
	s.settle(seed, memory{})
	return s.plant()
}

func (s *store) settle(seed []byte, d disk) {
	s.seed, s.disk = seed, d
	s.account = s.id("account", 0)
}

// plant adds the seed roles.
func (s *store) plant() error {
	for _, r := range s.opts.Seed {
		err := s.update(func(tx *change) error {
			if _, taken := tx.roles.find(r.Key); taken {
				return fmt.Errorf("seed role %q: the key is taken", r.Key)
			}
			put(tx, tx.roles, nil, r.clone())
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// id returns 24 hexadecimal digits, as LaunchDarkly's ids are. They depend on the account's seed,
// the kind of thing and its number only.
func (s *store) id(kind string, n uint64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%x/%s/%d", s.seed, kind, n))
	return hex.EncodeToString(sum[:12])
}

func (s *store) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.disk.close()
}

// read runs f on what a reader sees.
func (s *store) read(f func(*view) error) error {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return f(s.seen())
}

// seen is the present, or what the read lag leaves of it.
func (s *store) seen() *view {
	lag := s.opts.Behaviour.ReadLag
	if lag == 0 {
		return s.now
	}
	return s.now.past(s.opts.Now().Add(-lag))
}

// present runs f on the account as it is, whatever the read lag.
func (s *store) present(f func(*view)) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	f(s.now)
}

// change is the right to read and change the locked account. What is changed is seen at once by
// who changes it, and by nobody else before the change is committed.
type change struct {
	*view
	store *store
	disk  disk
	at    time.Time
	steps []step
}

// step is one version exchanged for another.
type step struct {
	entry      entry
	undo, keep func()
}

// update runs f with the account locked: what f reads is what it changes. All that f changes is
// committed, or none of it.
func (s *store) update(f func(*change) error) error { return s.updateOn(s.disk, f) }

// updateOn is update, kept on another disk.
func (s *store) updateOn(d disk, f func(*change) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := &change{view: s.now, store: s, disk: d, at: s.opts.Now()}
	err := f(c)
	if err == nil {
		err = c.commit()
	}
	if err == nil {
		return nil
	}
	for _, step := range slices.Backward(c.steps) {
		step.undo()
	}
	return err
}

func (c *change) commit() error {
	if len(c.steps) == 0 {
		return nil
	}
	entries := make([]entry, len(c.steps))
	for i, step := range c.steps {
		entries[i] = step.entry
	}
	if err := c.disk.commit(entries); err != nil {
		return err
	}
	for _, step := range c.steps {
		step.keep()
	}
	c.store.version++
	return nil
}

// put stores next in place of old, or as a new thing if old is nil.
func put[T thing[T]](c *change, t *table[T], old *record[T], next T) *record[T] {
	seq, was := t.seq+1, (*T)(nil)
	if old != nil {
		seq, was = old.seq, &old.is
	}
	next = next.next(was, c.store.id(t.kind, seq), c.at)
	r := newRecord(seq, next, c.store.opts.Behaviour)
	key, _ := next.handles()
	swapIn(c, t, old, r, entry{t.kind, seq, key, next})
	return r
}

// remove deletes old and retires its key.
func remove[T thing[T]](c *change, t *table[T], old *record[T]) {
	key, _ := old.is.handles()
	swapIn(c, t, old, nil, entry{t.kind, old.seq, key, nil})
}

func swapIn[T thing[T]](c *change, t *table[T], before, after *record[T], e entry) {
	newest := t.seq
	t.swap(before, after)
	c.steps = append(c.steps, step{
		entry: e,
		undo: func() {
			t.swap(after, before)
			t.seq = newest
		},
		keep: func() {
			if after == nil {
				t.retired[e.key] = true
			}
			c.remember(func(cut time.Time) { t.remember(before, after, c.at, cut) })
		},
	})
}

// remember runs f if anybody may lag behind, with the time before which nobody does.
func (c *change) remember(f func(cut time.Time)) {
	b := c.store.opts.Behaviour
	if longest := max(b.ReadLag, b.AssignLag); longest > 0 {
		f(c.at.Add(-longest))
	}
}

// ever calls f with each version of the things that is, or that a delete may still see.
func ever[T thing[T]](c *change, t *table[T], f func(*record[T])) {
	for _, r := range t.order {
		f(r)
	}
	if lag := c.store.opts.Behaviour.AssignLag; lag > 0 {
		for _, m := range t.hidden(c.at.Add(-lag)) {
			if m.before != nil {
				f(m.before)
			}
		}
	}
}

// holders returns how many members and teams hold the role, those not yet seen to be gone
// included.
func (c *change) holders(rec *record[Role]) assignedTo {
	if c.store.opts.Behaviour.AssignLag == 0 {
		return c.assigned(rec)
	}
	told, members, teams := assignedTo{}, map[uint64]bool{}, map[uint64]bool{}
	ever(c, c.roles, func(r *record[Role]) {
		if r.seq == rec.seq {
			told = assignedTo{max(told.Members, r.is.Members), max(told.Teams, r.is.Teams)}
		}
	})
	ever(c, c.members, func(r *record[Member]) {
		if slices.Contains(r.is.CustomRoles, rec.is.ID) {
			members[r.seq] = true
		}
	})
	ever(c, c.teams, func(r *record[Team]) {
		if slices.Contains(r.is.CustomRoles, rec.is.ID) {
			teams[r.seq] = true
		}
	})
	return assignedTo{told.Members + len(members), told.Teams + len(teams)}
}
