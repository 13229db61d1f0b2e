package reconcile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// SnapshotVersion is the version of the snapshot file.
const SnapshotVersion = "1.0"

// Snapshot is the raw state of an account at one moment: a plan can be made against it without a
// token or a network. As an [Account] it refuses every write.
type Snapshot struct {
	FormatVersion string      `json:"formatVersion"`
	TakenAt       string      `json:"takenAt"` // RFC 3339, UTC, seconds
	Target        plan.Target `json:"target"`
	Live          []role.Live `json:"roles"`
}

// Take reads the account into a snapshot.
func Take(ctx context.Context, account Account, target plan.Target, now time.Time) (*Snapshot, error) {
	all, id, err := read(ctx, account, plan.Scope{})
	if err != nil {
		return nil, err
	}
	target.AccountID = id
	live := all.Roles
	if live == nil {
		live = []role.Live{} // an account without roles, which is not an account of unknown roles
	}
	return &Snapshot{
		FormatVersion: SnapshotVersion,
		TakenAt:       now.UTC().Format(time.RFC3339),
		Target:        target,
		Live:          live,
	}, nil
}

// Encode returns the snapshot as indented JSON.
func (s *Snapshot) Encode() ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		return nil, fmt.Errorf("encode snapshot: %w", err)
	}
	return out.Bytes(), nil
}

// DecodeSnapshot reads what Encode wrote. Unknown fields, other versions, missing roles, a missing
// account or moment, keys held twice and trailing data are errors.
func DecodeSnapshot(data []byte) (*Snapshot, error) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	s := &Snapshot{}
	if err := dec.Decode(s); err != nil {
		return nil, fmt.Errorf("not a snapshot: %w", err)
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("not a snapshot: something follows it in the file")
	}
	if s.FormatVersion != SnapshotVersion {
		return nil, fmt.Errorf("snapshot of format %q, this version reads %q", s.FormatVersion, SnapshotVersion)
	}
	if err := s.check(); err != nil {
		return nil, fmt.Errorf("not a snapshot: %w", err)
	}
	return s, nil
}

// check refuses what would otherwise pass for an empty account, for any account or for any time.
func (s *Snapshot) check() error {
	switch _, err := time.Parse(time.RFC3339, s.TakenAt); {
	case err != nil:
		return fmt.Errorf("takenAt is %q, want a time as 2026-01-31T12:00:00Z", s.TakenAt)
	case s.Target.Host == "":
		return errors.New("the target has no host")
	case s.Target.AccountID == "":
		return errors.New("the target has no accountId")
	case s.Live == nil:
		return errors.New("the roles are missing")
	}
	seen := map[string]bool{}
	for _, l := range s.Live {
		if l.Key == "" || seen[l.Key] {
			return fmt.Errorf("role %q stands in it without a key or twice", l.Key)
		}
		seen[l.Key] = true
	}
	return nil
}

// AccountID returns the id of the account that the snapshot was taken of.
func (s *Snapshot) AccountID(context.Context) (string, error) { return s.Target.AccountID, nil }

// Roles returns the roles of the snapshot.
func (s *Snapshot) Roles(context.Context) ([]role.Live, error) { return s.Live, nil }

// Role returns one role of the snapshot.
func (s *Snapshot) Role(_ context.Context, key string) (role.Live, error) {
	for _, l := range s.Live {
		if l.Key == key {
			return l, nil
		}
	}
	return role.Live{}, fmt.Errorf("role %q in the snapshot: %w", key, role.ErrNotFound)
}

// CreateRole refuses.
func (s *Snapshot) CreateRole(context.Context, role.Role) (role.Live, error) {
	return role.Live{}, errSnapshot()
}

// UpdateRole refuses.
func (s *Snapshot) UpdateRole(context.Context, role.Live, role.Role, string) (role.Live, error) {
	return role.Live{}, errSnapshot()
}

// DeleteRole refuses.
func (s *Snapshot) DeleteRole(context.Context, string) error { return errSnapshot() }

func errSnapshot() error { return fmt.Errorf("a snapshot cannot be written to: %w", role.ErrReadOnly) }
