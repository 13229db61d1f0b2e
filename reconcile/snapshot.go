package reconcile

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/rolewright/rolewright/reconcile/diag"
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
	// People are the teams and members; nil if they were not read.
	People *SnapshotPeople `json:"people,omitempty"`
	// Inventory is what exists for policies to speak of; nil if it was not read.
	Inventory *role.Inventory `json:"inventory,omitempty"`
}

// SnapshotPeople are the teams and members of an account, with the keys of their roles.
type SnapshotPeople struct {
	Teams   []role.LiveTeam   `json:"teams"`
	Members []role.LiveMember `json:"members"`
}

// Take reads the account into a snapshot: its roles, and as far as that is permitted its teams and
// members and its projects. That people cannot be read is an error if scope manages them.
func Take(ctx context.Context, account Account, target plan.Target, scope plan.Scope, now time.Time) (*Snapshot, error) {
	all, err := read(ctx, account, scope)
	if err != nil {
		return nil, err
	}
	var people *SnapshotPeople
	if all.People {
		people = &SnapshotPeople{Teams: all.Teams, Members: all.Members}
	}
	target.AccountID = all.id
	live := all.Roles
	if live == nil {
		live = []role.Live{} // an account without roles, which is not an account of unknown roles
	}
	return &Snapshot{
		FormatVersion: SnapshotVersion,
		TakenAt:       now.UTC().Format(time.RFC3339),
		Target:        target,
		Live:          live,
		People:        people,
		Inventory:     all.stock,
	}, nil
}

// Encode returns the snapshot as indented JSON, which may be printed: see [diag.InertJSON].
func (s *Snapshot) Encode() ([]byte, error) {
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(s); err != nil {
		return nil, fmt.Errorf("encode snapshot: %w", err)
	}
	return diag.InertJSON(out.Bytes()), nil
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
	return checkInventory(s.Inventory)
}

// checkInventory refuses what would pass for an inventory of nothing.
func checkInventory(inv *role.Inventory) error {
	switch {
	case inv == nil:
		return nil
	case inv.Projects == nil:
		return errors.New("the projects of the inventory are missing")
	}
	for _, p := range inv.Projects {
		if p.Environments == nil || p.Flags == nil {
			return fmt.Errorf("the environments or the flags of project %q are missing", p.Key)
		}
	}
	return inv.Check()
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

// Teams returns the teams of the snapshot.
func (s *Snapshot) Teams(context.Context) ([]role.LiveTeam, error) {
	if s.People == nil {
		return nil, errPeopleNotTaken
	}
	return s.People.Teams, nil
}

// Members returns the members of the snapshot.
func (s *Snapshot) Members(context.Context) ([]role.LiveMember, error) {
	if s.People == nil {
		return nil, errPeopleNotTaken
	}
	return s.People.Members, nil
}

var errPeopleNotTaken = errors.New("the snapshot holds roles alone, and the workspace manages teams or members: take it anew")

// Team returns one team of the snapshot.
func (s *Snapshot) Team(ctx context.Context, key string) (role.LiveTeam, error) {
	teams, err := s.Teams(ctx)
	for _, t := range teams {
		if t.Key == key {
			return t, nil
		}
	}
	return role.LiveTeam{}, errors.Join(err, fmt.Errorf("team %q in the snapshot: %w", key, role.ErrNotFound))
}

// Member returns one member of the snapshot.
func (s *Snapshot) Member(ctx context.Context, id string) (role.LiveMember, error) {
	members, err := s.Members(ctx)
	for _, m := range members {
		if m.ID == id {
			return m, nil
		}
	}
	return role.LiveMember{}, errors.Join(err, fmt.Errorf("member %q in the snapshot: %w", id, role.ErrNotFound))
}

// CreateTeam refuses.
func (s *Snapshot) CreateTeam(context.Context, role.Team, string) (role.LiveTeam, error) {
	return role.LiveTeam{}, errSnapshot()
}

// SetTeam refuses.
func (s *Snapshot) SetTeam(context.Context, role.LiveTeam, role.Team, string) (role.LiveTeam, error) {
	return role.LiveTeam{}, errSnapshot()
}

// SetMember refuses.
func (s *Snapshot) SetMember(context.Context, role.LiveMember, role.Member, map[string]string, string) (role.LiveMember, error) {
	return role.LiveMember{}, errSnapshot()
}
