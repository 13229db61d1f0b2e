package emulator

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// ErrInUse: the file is open in another process. One process at a time may use it, or several that
// only read.
var ErrInUse = errors.New("in use by another process")

// The versions of the file's layout. A file keeps the first until it gets more than roles, so that
// versions of this program that know roles only read it as long as that is all there is.
const (
	formatRoles = "1"
	formatAll   = "2"
)

// The buckets of the file. roles, members, teams and projects hold each thing as JSON under its number, and
// the newest number as the bucket's sequence, so that none is used twice; retired holds the keys of
// deleted roles under theirs, retiredTeams those of teams; meta the format and the seed.
var (
	bucketMeta    = []byte("meta")
	bucketRoles   = []byte("roles")
	bucketRetired = []byte("retired")

	keyFormat = []byte("format")
	keySeed   = []byte("seed")

	bucketOf = map[string][]byte{
		"role": bucketRoles, "member": []byte("members"), "team": []byte("teams"), "project": []byte("projects"),
	}
	retiredOf = map[string][]byte{"role": bucketRetired, "team": []byte("retiredTeams")}
)

// file is a disk in a bbolt file.
type file struct {
	db *bbolt.DB
}

// openFile opens the file of the options, or makes it with a new account.
func (s *store) openFile() error {
	open := s.open
	if s.opts.ReadOnly {
		open = s.openReadOnly
	}
	err := open(s.opts.File)
	if errors.Is(err, berrors.ErrTimeout) {
		err = fmt.Errorf("%w: stop that process or name another file", ErrInUse)
	}
	if err != nil {
		return fmt.Errorf("open the emulator's data %q: %w", s.opts.File, err)
	}
	return nil
}

func (s *store) open(name string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	return s.openDB(name)
}

func (s *store) openReadOnly(name string) error {
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if info.Size() == 0 { // bbolt would write to it
		err = s.found()
	} else {
		err = s.openDB(name)
	}
	s.disk = readOnly{s.disk}
	return err
}

func (s *store) openDB(name string) (err error) {
	db, err := bbolt.Open(name, 0o600, &bbolt.Options{
		Timeout: s.opts.Timeout, NoSync: s.opts.NoSync, ReadOnly: s.opts.ReadOnly,
	})
	if err != nil {
		return err
	}
	defer func() {
		// bbolt panics on pages that make no sense.
		if p := recover(); p != nil {
			err = fmt.Errorf("the file is damaged: %v", p)
		}
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	return s.load(&file{db})
}

// load reads the account of the file, or starts one if the file is new.
func (s *store) load(d *file) error {
	isNew := false
	err := d.db.View(func(tx *bbolt.Tx) error {
		if isNew = tx.Bucket(bucketMeta) == nil; isNew {
			return nil
		}
		return s.take(tx, d)
	})
	if err != nil || !isNew {
		return err
	}
	return s.begin(d)
}

// begin starts a new account and writes it in one transaction: a file is whole or still empty.
func (s *store) begin(d *file) error {
	if err := s.found(); err != nil {
		return err
	}
	s.disk = d
	if s.opts.ReadOnly {
		return nil
	}
	return d.db.Update(func(tx *bbolt.Tx) error {
		meta, err := tx.CreateBucket(bucketMeta)
		if err != nil {
			return err
		}
		if _, err := tx.CreateBucket(bucketRetired); err != nil {
			return err
		}
		if _, err := tx.CreateBucket(bucketRoles); err != nil {
			return err
		}
		for _, r := range s.now.roles.order {
			err = errors.Join(err, keep(tx, entry{"role", r.seq, r.is.Key, r.is}))
		}
		return errors.Join(err, meta.Put(keyFormat, []byte(formatRoles)), meta.Put(keySeed, s.seed))
	})
}

// take takes over the account of the file.
func (s *store) take(tx *bbolt.Tx, d *file) error {
	meta, roles, retired := tx.Bucket(bucketMeta), tx.Bucket(bucketRoles), tx.Bucket(bucketRetired)
	format := string(meta.Get(keyFormat))
	if (format != formatRoles && format != formatAll) || roles == nil || retired == nil {
		return fmt.Errorf("format %q is not known to this version (want %q or %q)", format, formatRoles, formatAll)
	}
	s.settle(slices.Clone(meta.Get(keySeed)), d)
	return errors.Join(restore(s, tx, s.now.roles), restore(s, tx, s.now.members), restore(s, tx, s.now.teams), restore(s, tx, s.now.projects))
}

// restore takes over one table of the file.
func restore[T thing[T]](s *store, tx *bbolt.Tx, t *table[T]) error {
	if b := tx.Bucket(bucketOf[t.kind]); b != nil {
		t.seq = b.Sequence() // numbers go on where the file left off
	}
	return errors.Join(
		each(tx, bucketOf[t.kind], func(key, data []byte) error {
			seq := binary.BigEndian.Uint64(key)
			var is T
			if err := json.Unmarshal(data, &is); err != nil {
				return fmt.Errorf("%s number %d: %w", t.kind, seq, err)
			}
			t.swap(nil, newRecord(seq, is, s.opts.Behaviour))
			return nil
		}),
		each(tx, retiredOf[t.kind], func(_, key []byte) error {
			t.retired[string(key)] = true
			return nil
		}),
	)
}

// each calls f with all of a bucket, which need not be there.
func each(tx *bbolt.Tx, name []byte, f func(key, value []byte) error) error {
	b := tx.Bucket(name)
	if b == nil {
		return nil
	}
	return b.ForEach(f)
}

func (f *file) commit(entries []entry) error {
	return f.db.Update(func(tx *bbolt.Tx) error {
		for _, e := range entries {
			if err := keep(tx, e); err != nil {
				return err
			}
		}
		return nil
	})
}

// keep writes one entry, into buckets that are made if need be.
func keep(tx *bbolt.Tx, e entry) error {
	b, err := tx.CreateBucketIfNotExists(bucketOf[e.kind])
	if err != nil {
		return err
	}
	if e.kind != "role" {
		err = tx.Bucket(bucketMeta).Put(keyFormat, []byte(formatAll))
	}
	if e.is == nil {
		return errors.Join(err, b.Delete(number(e.seq)), retire(tx, e))
	}
	data, failure := json.Marshal(e.is)
	return errors.Join(err, failure, b.Put(number(e.seq), data), b.SetSequence(max(e.seq, b.Sequence())))
}

// retire keeps the key of what is deleted, if keys of its kind are retired.
func retire(tx *bbolt.Tx, e entry) error {
	name, retires := retiredOf[e.kind]
	if !retires {
		return nil
	}
	b, err := tx.CreateBucketIfNotExists(name)
	if err != nil {
		return err
	}
	return b.Put(number(e.seq), []byte(e.key))
}

// number writes seq so that the file sorts by it.
func number(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

func (f *file) close() error { return f.db.Close() }

// readOnly is a disk that is only read.
type readOnly struct{ disk }

var errReadOnly = refuse(403, "This emulator's data is open for reading only")

func (readOnly) commit([]entry) error { return errReadOnly }
