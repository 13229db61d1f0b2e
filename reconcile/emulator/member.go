package emulator

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"maps"
	"slices"
	"time"
)

// Member is a member of the account as the emulator keeps it. Its JSON form is that of the
// emulator's file and of fixtures, not that of the API.
type Member struct {
	ID    string `json:"id,omitempty"`
	Email string `json:"email"` // compared without regard to case
	// Role is the base role: reader, writer, admin, owner or no_access.
	Role      string `json:"role"`
	FirstName string `json:"firstName,omitempty"`
	LastName  string `json:"lastName,omitempty"`
	// CustomRoles are the ids of roles held directly.
	CustomRoles    []string            `json:"customRoles,omitempty"`
	RoleAttributes map[string][]string `json:"roleAttributes,omitempty"`
	// Pending: the invitation has not been accepted.
	Pending bool `json:"pending,omitempty"`
	// Synced: an identity provider owns the member.
	Synced bool `json:"synced,omitempty"`
	// Given is what the identity provider gave, while the API has made something else of it.
	Given *Given `json:"given,omitempty"`
	// LastSeen and Created are in epoch milliseconds; a LastSeen of 0 is never.
	LastSeen int64 `json:"lastSeen,omitempty"`
	Created  int64 `json:"created,omitempty"`
	Version  int   `json:"version,omitempty"` // counts the changes
}

// Given is what an identity provider gave a member.
type Given struct {
	Role           string              `json:"role"`
	CustomRoles    []string            `json:"customRoles,omitempty"`
	RoleAttributes map[string][]string `json:"roleAttributes,omitempty"`
}

func (m Member) handles() (key, id string) { return lower(m.Email), m.ID }

func (m Member) attributes() map[string][]string { return m.RoleAttributes }

func (m Member) next(old *Member, id string, now time.Time) Member {
	m.ID, m.Role = cmp.Or(m.ID, id), cmp.Or(m.Role, baseReader)
	m.Created = cmp.Or(m.Created, now.UnixMilli())
	m.Version = cmp.Or(m.Version, 1)
	if old != nil {
		m.Version = old.Version + 1
	}
	return m
}

func (m Member) clone() Member {
	m.CustomRoles, m.RoleAttributes = slices.Clone(m.CustomRoles), cloneAttributes(m.RoleAttributes)
	if m.Given != nil {
		m.Given = &Given{m.Given.Role, slices.Clone(m.Given.CustomRoles), cloneAttributes(m.Given.RoleAttributes)}
	}
	return m
}

func cloneAttributes(a map[string][]string) map[string][]string {
	a = maps.Clone(a)
	for name, values := range a {
		a[name] = slices.Clone(values)
	}
	return a
}

// edited returns m as the API leaves it after a change of roles: an identity provider that owns the
// member keeps what it gave.
func (m Member) edited(old Member) Member {
	if m.Synced && m.Given == nil {
		m.Given = &Given{old.Role, old.CustomRoles, old.RoleAttributes}
	}
	return m
}

// wireMember is the fixed part of a member on the wire (Member of the specification).
type wireMember struct {
	Links         map[string]link `json:"_links"`
	ID            string          `json:"_id"`
	Role          string          `json:"role"`
	FirstName     string          `json:"firstName,omitempty"`
	LastName      string          `json:"lastName,omitempty"`
	Email         string          `json:"email"`
	PendingInvite bool            `json:"_pendingInvite"`
	Verified      bool            `json:"_verified"`
	MFA           string          `json:"mfa"`
	LastSeen      int64           `json:"_lastSeen"`
	CreationDate  int64           `json:"creationDate"`
	Integration   *integration    `json:"_integrationMetadata,omitempty"`
	Version       int             `json:"version,omitempty"`
}

// integration is what ties a member to an identity provider.
type integration struct {
	ExternalID     string            `json:"externalId"`
	ExternalStatus map[string]string `json:"externalStatus"`
	ExternalURL    string            `json:"externalUrl"`
	LastChecked    int64             `json:"lastChecked"`
}

func (m Member) encode(b Behaviour) []byte {
	w := wireMember{
		Links: map[string]link{"self": linkTo(memberHref(m.ID)), "parent": linkTo(membersPath)},
		ID:    m.ID, Role: m.Role, FirstName: m.FirstName, LastName: m.LastName, Email: m.Email,
		PendingInvite: m.Pending, Verified: !m.Pending, LastSeen: m.LastSeen, CreationDate: m.Created,
		MFA: "disabled", // there is nothing to log in to
	}
	if m.Synced {
		w.Integration = &integration{m.Email, map[string]string{"display": "Active", "value": "active"}, "", m.Created}
	}
	if !b.OmitVersions {
		w.Version = m.Version
	}
	return open(w)
}

// expansion is what an answer is asked to include.
type expansion map[string]bool

// encodeAttributes writes role attributes, their values in the order of the switch.
func encodeAttributes(attributes map[string][]string, order string) []byte {
	out := make(map[string][]string, len(attributes))
	for name, values := range attributes {
		values = append([]string{}, values...)
		switch order {
		case "sorted":
			slices.Sort(values)
		case "shuffled":
			slices.SortFunc(values, func(a, b string) int {
				x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
				return bytes.Compare(x[:], y[:])
			})
		}
		out[name] = values
	}
	return asJSON(out)
}

// memberWriter writes members of one answer.
type memberWriter struct {
	*view
	behaviour Behaviour
	expand    expansion
	summaries map[uint64][]byte // of teams
}

func (e *Emulator) memberWriter(v *view, expand expansion) memberWriter {
	return memberWriter{v, e.opts.Behaviour, expand, map[uint64][]byte{}}
}

// write writes a member as the API answers it.
func (w memberWriter) write(b *bytes.Buffer, r *record[Member]) {
	b.Write(r.wire)
	b.WriteString(`,"customRoles":`)
	b.Write(asJSON(w.customRoles(r.is.CustomRoles)))
	if w.expand["roleAttributes"] {
		b.WriteString(`,"roleAttributes":`)
		b.Write(r.attributes)
	}
	b.WriteString(`,"teams":[`)
	for i, t := range w.teamsOf[r.is.ID] {
		b.WriteString(","[:min(i, 1)])
		b.Write(w.summary(t))
	}
	b.WriteString("]}")
}

func (w memberWriter) customRoles(ids []string) []string {
	switch {
	case w.behaviour.MemberRoles == "expanded" && !w.expand["customRoles"]:
		return []string{}
	case w.behaviour.MemberRoleForm == "keys":
		return w.roleKeys(ids)
	}
	return append([]string{}, ids...)
}

// summary is a team as it stands with its members.
func (w memberWriter) summary(t *record[Team]) []byte {
	if w.summaries[t.seq] == nil {
		w.summaries[t.seq] = asJSON(struct {
			CustomRoleKeys []string        `json:"customRoleKeys"`
			Key            string          `json:"key"`
			Name           string          `json:"name"`
			Links          map[string]link `json:"_links"`
		}{w.roleKeys(t.is.CustomRoles), t.is.Key, t.is.Name, map[string]link{"self": linkTo(teamHref(t.is.Key))}})
	}
	return w.summaries[t.seq]
}

// without returns the list without one value.
func without(list []string, value string) []string {
	return slices.DeleteFunc(slices.Clone(list), func(s string) bool { return s == value })
}
