package emulator

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"maps"
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
	seq     uint64 // number of the newest record
	byKey   map[string]*record
	byID    map[string]*record
	order   []*record       // by seq
	retired map[string]bool // keys of deleted roles
	recent  []moment        // changes that lagging readers may not see yet, oldest first
	disk    disk
}

// record is one version of a role.
type record struct {
	Role
	seq  uint64
	wire []byte // the role as the API answers it
}

// moment is what a record was before a change: nil before a creation; after is nil for a deletion.
type moment struct {
	at            time.Time
	before, after *record
}

// disk keeps what must outlive the process. Each call is one transaction.
type disk interface {
	put(seq uint64, r Role) error
	remove(seq uint64, key string) error
	close() error
}

func openStore(opts Options) (*store, error) {
	s := &store{opts: opts, byKey: map[string]*record{}, byID: map[string]*record{}, retired: map[string]bool{}}
	if opts.File == "" {
		return s, s.found()
	}
	return s, s.openFile()
}

// memory is the disk of an account that is kept in memory only.
type memory struct{}

func (memory) put(uint64, Role) error      { return nil }
func (memory) remove(uint64, string) error { return nil }
func (memory) close() error                { return nil }

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
			if _, taken := tx.find(r.Key); taken {
				return fmt.Errorf("seed role %q: the key is taken", r.Key)
			}
			return tx.put(nil, r.clone())
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

// roles returns copies of all roles as they are now.
func (s *store) roles() []Role {
	s.mu.RLock()
	defer s.mu.RUnlock()
	list := make([]Role, len(s.order))
	for i, r := range s.order {
		list[i] = r.Role.clone()
	}
	return list
}

// list returns the records that a reader sees now, by number.
func (s *store) list() []*record {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if hidden := s.hidden(s.opts.Behaviour.ReadLag); len(hidden) > 0 {
		return undo(s.order, hidden)
	}
	return slices.Clone(s.order)
}

// get returns the record that a reader sees under that key or, failing that, id.
func (s *store) get(keyOrID string) (*record, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if hidden := s.hidden(s.opts.Behaviour.ReadLag); len(hidden) > 0 {
		return search(undo(s.order, hidden), keyOrID)
	}
	return s.find(keyOrID)
}

func (s *store) find(keyOrID string) (*record, bool) {
	if r, ok := s.byKey[keyOrID]; ok {
		return r, true
	}
	r, ok := s.byID[keyOrID]
	return r, ok
}

func search(list []*record, keyOrID string) (*record, bool) {
	for _, field := range []func(*record) string{func(r *record) string { return r.Key }, func(r *record) string { return r.ID }} {
		if i := slices.IndexFunc(list, func(r *record) bool { return field(r) == keyOrID }); i >= 0 {
			return list[i], true
		}
	}
	return nil, false
}

// hidden returns the changes younger than lag, oldest first.
func (s *store) hidden(lag time.Duration) []moment {
	if lag == 0 || len(s.recent) == 0 {
		return nil
	}
	cut := s.opts.Now().Add(-lag)
	first := slices.IndexFunc(s.recent, func(m moment) bool { return m.at.After(cut) })
	if first < 0 {
		return nil
	}
	return s.recent[first:]
}

// undo returns the records as they were before the changes.
func undo(now []*record, changes []moment) []*record {
	bySeq := make(map[uint64]*record, len(now))
	for _, r := range now {
		bySeq[r.seq] = r
	}
	for _, m := range slices.Backward(changes) {
		if m.after != nil {
			delete(bySeq, m.after.seq)
		}
		if m.before != nil {
			bySeq[m.before.seq] = m.before
		}
	}
	return slices.SortedFunc(maps.Values(bySeq), bySequence)
}

// update runs f with the account locked: what f reads is what it changes. f makes at most one
// change, which is committed whole or not at all.
func (s *store) update(f func(*change) error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return f(&change{s})
}

// change is the right to read and change the locked account.
type change struct{ *store }

// put stores next in place of old, or as a new role if old is nil.
func (c *change) put(old *record, next Role) error {
	r := &record{Role: next, seq: c.seq + 1}
	if old != nil {
		r.seq = old.seq
	}
	r.ID = cmp.Or(r.ID, c.id("role", r.seq))
	r.BasePermissions = cmp.Or(r.BasePermissions, baseNoAccess)
	var err error
	if r.wire, err = r.encode(c.opts.Behaviour); err != nil {
		return err
	}
	if err := c.disk.put(r.seq, r.Role); err != nil {
		return err
	}
	c.swap(old, r)
	return nil
}

// remove deletes old and retires its key.
func (c *change) remove(old *record) error {
	if err := c.disk.remove(old.seq, old.Key); err != nil {
		return err
	}
	c.swap(old, nil)
	c.retired[old.Key] = true
	return nil
}

// swap exchanges one version of a role for the next in memory.
func (s *store) swap(before, after *record) {
	s.remember(before, after)
	if before != nil {
		delete(s.byKey, before.Key)
		delete(s.byID, before.ID)
	}
	if after != nil {
		s.byKey[after.Key], s.byID[after.ID] = after, after
		s.seq = max(s.seq, after.seq)
	}
	s.arrange(before, after)
}

// arrange keeps the order by number.
func (s *store) arrange(before, after *record) {
	if before == nil {
		s.order = append(s.order, after)
		return
	}
	i, _ := slices.BinarySearchFunc(s.order, before, bySequence)
	if after == nil {
		s.order = slices.Delete(s.order, i, i+1)
		return
	}
	s.order[i] = after
}

// remember keeps the change for readers that lag behind, and forgets those that none needs.
func (s *store) remember(before, after *record) {
	longest := max(s.opts.Behaviour.ReadLag, s.opts.Behaviour.AssignLag)
	if longest == 0 {
		return
	}
	s.recent = append(slices.Clone(s.hidden(longest)), moment{s.opts.Now(), before, after})
}

func bySequence(a, b *record) int { return cmp.Compare(a.seq, b.seq) }

// holders returns how many members and teams hold the role, those not yet seen to be gone for lag
// included.
func (c *change) holders(rec *record, lag time.Duration) (members, teams int) {
	members, teams = rec.Members, rec.Teams
	for _, m := range c.hidden(lag) {
		if m.before != nil && m.before.seq == rec.seq {
			members, teams = max(members, m.before.Members), max(teams, m.before.Teams)
		}
	}
	return members, teams
}
