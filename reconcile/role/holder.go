package role

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
)

// A holder is who roles are given to: a team, or a member. LaunchDarkly keeps with each holder the
// keys of its roles and one map of role attributes, which fills `${roleAttribute/NAME}` in all of
// them.

// Attributes gives role attributes their values: resource keys by the attribute's name. The order
// and repetition of values carry no meaning, and an attribute without values is as good as absent.
type Attributes map[string][]string

// Normal returns a in normal form: values sorted and without repetition, attributes without values
// left out, never nil. It shares no memory with a.
func (a Attributes) Normal() Attributes {
	normal := Attributes{}
	for name, values := range a {
		if len(values) > 0 {
			normal[name] = sortedSet(values)
		}
	}
	return normal
}

// Equal reports whether a and b give the same attributes the same values.
func (a Attributes) Equal(b Attributes) bool {
	return maps.EqualFunc(a.Normal(), b.Normal(), slices.Equal)
}

// Team is the part of a LaunchDarkly team that people decide on. Its JSON names are those of the REST
// API.
type Team struct {
	Key         string `json:"key"`
	Name        string `json:"name"`
	Description string `json:"description"`
	// CustomRoles are keys of roles.
	CustomRoles    []string   `json:"customRoles"`
	RoleAttributes Attributes `json:"roleAttributes"`
}

// Normal returns t with its lists sorted and without repetition. It shares no memory with t.
func (t Team) Normal() Team {
	t.CustomRoles = emptied(sortedSet(t.CustomRoles))
	t.RoleAttributes = t.RoleAttributes.Normal()
	return t
}

// Digest returns "sha256:" and 64 hexadecimal digits over t's normal form.
func (t Team) Digest() string { return digest(t.Normal()) }

// Member is the part of a member of a LaunchDarkly account that people decide on.
type Member struct {
	// Email identifies the member. LaunchDarkly compares it without regard to case.
	Email string `json:"email"`
	// Role is the base role: "reader", "writer", "admin", "owner" or "no_access". It counts only
	// while the member holds no custom role directly.
	Role           string     `json:"role"`
	CustomRoles    []string   `json:"customRoles"` // keys of roles
	RoleAttributes Attributes `json:"roleAttributes"`
}

// Normal returns m with its lists sorted and without repetition. It shares no memory with m.
func (m Member) Normal() Member {
	m.CustomRoles = emptied(sortedSet(m.CustomRoles))
	m.RoleAttributes = m.RoleAttributes.Normal()
	return m
}

// Digest returns "sha256:" and 64 hexadecimal digits over m's normal form.
func (m Member) Digest() string { return digest(m.Normal()) }

// LiveTeam is a team as an account holds it. Its JSON form is the one that snapshots are kept in.
type LiveTeam struct {
	Team
	// Members are the ids of its members, sorted.
	Members []string `json:"members"`
	// Synced says that an identity provider owns who is in it, and perhaps its roles.
	Synced bool `json:"_idpSynced,omitempty"`
	// Version counts the edits of the team; 0 if the server does not say.
	Version int `json:"_version,omitempty"`
	// Extra holds the fields of the answer that this version does not know; see Live.Extra.
	Extra map[string]json.RawMessage `json:"_extra,omitempty"`
}

// LiveMember is a member as an account holds it. Its JSON form is the one that snapshots are kept in.
type LiveMember struct {
	Member
	ID string `json:"_id"` // 24 hexadecimal digits
	// Strangers are ids of roles that the member holds and that the account does not list.
	Strangers []string `json:"_strangers,omitempty"`
	// Teams are the keys of the teams that the member is in, sorted.
	Teams []string `json:"teams"`
	// Pending says that the invitation has not been accepted yet.
	Pending bool `json:"_pendingInvite,omitempty"`
	// Synced says that an identity provider owns the member's roles: it overwrites them at its next
	// sync.
	Synced bool `json:"_idpSynced,omitempty"`
	// Version counts the edits of the member; 0 if the server does not say.
	Version int `json:"_version,omitempty"`
	// Extra holds the fields of the answer that this version does not know; see Live.Extra.
	Extra map[string]json.RawMessage `json:"_extra,omitempty"`
}

// Digest identifies what the account says of who holds what in the team. Who is in it, and how often
// it was edited, is left out: both move without a role being given.
func (t LiveTeam) Digest() string {
	return digest(struct {
		Team   Team
		Synced bool
		Extra  map[string]json.RawMessage
	}{t.Team.Normal(), t.Synced, t.Extra})
}

// Digest identifies what the account says of the roles of the member.
func (m LiveMember) Digest() string {
	return digest(struct {
		ID        string
		Member    Member
		Strangers []string
		Synced    bool
		Extra     map[string]json.RawMessage
	}{m.ID, m.Member.Normal(), sortedSet(m.Strangers), m.Synced, m.Extra})
}

// CompareMembers orders members by e-mail address.
func CompareMembers(a, b LiveMember) int { return cmp.Compare(a.Email, b.Email) }

// emptied returns list, or an empty list in the place of nil, so that JSON has no null.
func emptied(list []string) []string {
	if list == nil {
		return []string{}
	}
	return list
}

// Assignment is a role that a file gives to a team or a member.
type Assignment struct {
	Role string // its key
	// Expires is the last day, UTC, on which the role is given, as "2026-12-31"; "" is for ever.
	// Only files know it: after that day they no longer ask for the role.
	Expires string
	Pos     // of the role's key
	// ExpiresPos is that of the date.
	ExpiresPos Pos
}

// DesiredTeam is a team as a file declares it. What the file does not speak of is nil and left as it
// is.
type DesiredTeam struct {
	Key               string
	Name, Description *string
	// Create asks for the team to be made if the account has none with this key; then Name is set.
	Create         bool
	CustomRoles    *[]Assignment
	RoleAttributes *Attributes
	Source         HolderSource
}

// DesiredMember is a member as a file declares it. What the file does not speak of is nil and left as
// it is. Members are invited in LaunchDarkly; files never make or remove one.
type DesiredMember struct {
	Email          string
	Role           *string
	CustomRoles    *[]Assignment
	RoleAttributes *Attributes
	Source         HolderSource
}

// HolderSource says where a team or a member is declared.
type HolderSource struct {
	File string // slash-separated, relative to the workspace
	Pos         // of the document's first key
	// Key is the position of the key or the e-mail address, Name and Role those of the values.
	Key, Name, Role Pos
	// Attributes holds the position of each value of each role attribute.
	Attributes map[string][]Pos
}
