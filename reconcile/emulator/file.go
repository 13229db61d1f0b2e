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

// fileFormat is the version of the file's layout.
const fileFormat = "1"

// The buckets of the file. roles holds each role as JSON under its number, and the newest number
// as the bucket's sequence, so that none is used twice; retired holds the keys of deleted roles
// under theirs; meta the format and the seed.
var (
	bucketMeta    = []byte("meta")
	bucketRoles   = []byte("roles")
	bucketRetired = []byte("retired")

	keyFormat = []byte("format")
	keySeed   = []byte("seed")
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
		return s.read(tx, d)
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
		roles, err := tx.CreateBucket(bucketRoles)
		if err != nil {
			return err
		}
		for _, r := range s.order {
			err = errors.Join(err, putRole(roles, r.seq, r.Role))
		}
		return errors.Join(err, meta.Put(keyFormat, []byte(fileFormat)), meta.Put(keySeed, s.seed))
	})
}

// read takes over the account of the file.
func (s *store) read(tx *bbolt.Tx, d *file) error {
	meta, roles, retired := tx.Bucket(bucketMeta), tx.Bucket(bucketRoles), tx.Bucket(bucketRetired)
	if format := meta.Get(keyFormat); string(format) != fileFormat || roles == nil || retired == nil {
		return fmt.Errorf("format %q is not known to this version (want %q)", format, fileFormat)
	}
	s.settle(slices.Clone(meta.Get(keySeed)), d)
	err := roles.ForEach(func(number, data []byte) error {
		return s.restore(binary.BigEndian.Uint64(number), data)
	})
	s.seq = max(s.seq, roles.Sequence())
	return errors.Join(err, retired.ForEach(func(_, key []byte) error {
		s.retired[string(key)] = true
		return nil
	}))
}

// restore takes over one role of the file.
func (s *store) restore(seq uint64, data []byte) error {
	r := &record{seq: seq}
	if err := json.Unmarshal(data, &r.Role); err != nil {
		return fmt.Errorf("role number %d: %w", seq, err)
	}
	var err error
	if r.wire, err = r.encode(s.opts.Behaviour); err != nil {
		return err
	}
	s.swap(nil, r)
	return nil
}

func putRole(b *bbolt.Bucket, seq uint64, r Role) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return errors.Join(b.Put(number(seq), data), b.SetSequence(max(seq, b.Sequence())))
}

// number writes seq so that the file sorts by it.
func number(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

func (f *file) put(seq uint64, r Role) error {
	return f.db.Update(func(tx *bbolt.Tx) error { return putRole(tx.Bucket(bucketRoles), seq, r) })
}

func (f *file) remove(seq uint64, key string) error {
	return f.db.Update(func(tx *bbolt.Tx) error {
		return errors.Join(tx.Bucket(bucketRoles).Delete(number(seq)), tx.Bucket(bucketRetired).Put(number(seq), []byte(key)))
	})
}

func (f *file) close() error { return f.db.Close() }

// readOnly is a disk that is only read.
type readOnly struct{ disk }

var errReadOnly = refuse(403, "This emulator's data is open for reading only")

func (readOnly) put(uint64, Role) error      { return errReadOnly }
func (readOnly) remove(uint64, string) error { return errReadOnly }
