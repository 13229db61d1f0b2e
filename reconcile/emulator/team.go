package emulator

import (
	"bytes"
	"cmp"
	"maps"
	"slices"
	"time"
)

// Team is a team as the emulator keeps it. Its JSON form is that of the emulator's file and of
// fixtures, not that of the API.
type Team struct {
	Key         string `json:"key"`
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	// CustomRoles and Members are ids; Applied says since when the team has each role, in epoch
	// milliseconds.
	CustomRoles    []string            `json:"customRoles,omitempty"`
	Applied        map[string]int64    `json:"applied,omitempty"`
	Members        []string            `json:"members,omitempty"`
	Grants         []Grant             `json:"grants,omitempty"`
	RoleAttributes map[string][]string `json:"roleAttributes,omitempty"`
	// Synced: an identity provider owns the team.
	Synced bool `json:"synced,omitempty"`
	// Created and Modified are in epoch milliseconds.
	Created  int64 `json:"created,omitempty"`
	Modified int64 `json:"modified,omitempty"`
	Version  int   `json:"version,omitempty"` // counts the changes
}

// Grant lets members act on a team. It has either an action set, of which maintainTeam is known, or
// actions.
type Grant struct {
	ActionSet string   `json:"actionSet,omitempty"`
	Actions   []string `json:"actions,omitempty"`
	Members   []string `json:"members,omitempty"` // ids
}

// maintains is the action set of a team's maintainers.
const maintains = "maintainTeam"

func (t Team) handles() (key, id string) { return t.Key, "" }

func (t Team) attributes() map[string][]string { return t.RoleAttributes }

func (t Team) next(old *Team, _ string, now time.Time) Team {
	t.Created, t.Modified = cmp.Or(t.Created, now.UnixMilli()), now.UnixMilli()
	t.Version = cmp.Or(t.Version, 1)
	since := t.Applied
	if old != nil {
		t.Version, since = old.Version+1, old.Applied
	}
	t.Applied = make(map[string]int64, len(t.CustomRoles))
	for _, id := range t.CustomRoles {
		t.Applied[id] = cmp.Or(since[id], now.UnixMilli())
	}
	return t
}

func (t Team) clone() Team {
	t.CustomRoles, t.Members = slices.Clone(t.CustomRoles), slices.Clone(t.Members)
	t.Applied, t.RoleAttributes = maps.Clone(t.Applied), cloneAttributes(t.RoleAttributes)
	t.Grants = slices.Clone(t.Grants)
	for i, g := range t.Grants {
		t.Grants[i].Actions, t.Grants[i].Members = slices.Clone(g.Actions), slices.Clone(g.Members)
	}
	return t
}

// same reports whether two grants allow the same.
func (g Grant) same(other Grant) bool {
	return g.ActionSet == other.ActionSet && slices.Equal(slices.Sorted(slices.Values(g.Actions)), slices.Sorted(slices.Values(other.Actions)))
}

// extended returns the grants with one more.
func extended(grants []Grant, more Grant) []Grant {
	i := slices.IndexFunc(grants, more.same)
	if i < 0 {
		return append(grants, more)
	}
	grants[i].Members = renamed(append(grants[i].Members, more.Members...), func(id string) string { return id })
	return grants
}

// revoked returns the grants without the members of less: in those that allow the same, or in all.
func revoked(grants []Grant, less Grant, all bool) []Grant {
	var left []Grant
	gone := setOf(less.Members)
	for _, g := range grants {
		if all || g.same(less) {
			g.Members = slices.DeleteFunc(g.Members, func(id string) bool { return gone[id] })
		}
		if len(g.Members) > 0 {
			left = append(left, g)
		}
	}
	return left
}

// granted lists the members of all grants.
func granted(grants []Grant) []string {
	var ids []string
	for _, g := range grants {
		ids = append(ids, g.Members...)
	}
	return ids
}

// maintainers returns the ids of the team's maintainers.
func (t Team) maintainers() []string {
	for _, g := range t.Grants {
		if g.ActionSet == maintains {
			return g.Members
		}
	}
	return nil
}

// wireTeam is the fixed part of a team on the wire (Team of the specification).
type wireTeam struct {
	Links        map[string]link `json:"_links"`
	Key          string          `json:"key"`
	Name         string          `json:"name"`
	Description  string          `json:"description"`
	CreationDate int64           `json:"_creationDate"`
	LastModified int64           `json:"_lastModified"`
	Version      int             `json:"_version,omitempty"`
	Synced       bool            `json:"_idpSynced"`
}

func (t Team) encode(b Behaviour) []byte {
	self := teamHref(t.Key)
	w := wireTeam{
		Links: map[string]link{
			"self": linkTo(self), "parent": linkTo(teamsPath), "roles": linkTo(self + "/roles"), "maintainers": linkTo(self + "/maintainers"),
		},
		Key: t.Key, Name: t.Name, Description: t.Description, CreationDate: t.Created, LastModified: t.Modified, Synced: t.Synced,
	}
	if !b.OmitVersions {
		w.Version = t.Version
	}
	return open(w)
}

// maxExpanded is how much of a list stands in a team; the rest is in the list of its own.
const maxExpanded = 25

// teamWriter writes teams of one answer.
type teamWriter struct {
	*view
	expand expansion
}

// write writes a team as the API answers it.
func (w teamWriter) write(b *bytes.Buffer, r *record[Team]) {
	b.Write(r.wire)
	if w.expand["roleAttributes"] {
		b.WriteString(`,"roleAttributes":`)
		b.Write(r.attributes)
	}
	self := teamHref(r.is.Key)
	for _, part := range []struct {
		name  string
		write func()
	}{
		{"members", func() { b.Write(asJSON(map[string]int{"totalCount": len(r.is.Members)})) }},
		{"roles", func() { b.Write(expandedList(w.teamRoles(r), self+"/roles", writeJSON[teamRole])) }},
		// Which projects a team may write to is not worked out.
		{"projects", func() { b.Write(expandedList(nil, self+"/projects", writeJSON[link])) }},
		{"maintainers", func() { b.Write(expandedList(w.maintainers(r), self+"/maintainers", writeJSON[maintainer])) }},
	} {
		if w.expand[part.name] {
			b.WriteString(`,"` + part.name + `":`)
			part.write()
		}
	}
	b.WriteByte('}')
}

func expandedList[T any](list []T, path string, write func(*bytes.Buffer, T)) []byte {
	p := page{limit: maxExpanded, path: path}
	return encodeList(cut(p, list), len(list), map[string]link{"self": linkTo(path)}, true, write)
}

func writeJSON[T any](b *bytes.Buffer, item T) { b.Write(asJSON(item)) }

// teamRole is a role as it stands with a team.
type teamRole struct {
	Key       string         `json:"key"`
	Name      string         `json:"name"`
	Projects  map[string]any `json:"projects"`
	AppliedOn int64          `json:"appliedOn"`
}

// teamRoles returns the roles of a team, as far as the account has them.
func (v *view) teamRoles(t *record[Team]) []teamRole {
	var list []teamRole
	for _, id := range t.is.CustomRoles {
		if r, found := v.roles.byID[id]; found {
			list = append(list, teamRole{r.is.Key, r.is.Name, map[string]any{"items": []any{}, "totalCount": 0}, t.is.Applied[id]})
		}
	}
	return list
}

// maintainer is a member as it stands with a team.
type maintainer struct {
	Links     map[string]link `json:"_links"`
	ID        string          `json:"_id"`
	FirstName string          `json:"firstName,omitempty"`
	LastName  string          `json:"lastName,omitempty"`
	Role      string          `json:"role"`
	Email     string          `json:"email"`
}

func (v *view) maintainers(t *record[Team]) []maintainer {
	var list []maintainer
	for _, id := range t.is.maintainers() {
		if r, found := v.members.byID[id]; found {
			links := map[string]link{"self": linkTo(memberHref(id))}
			list = append(list, maintainer{links, id, r.is.FirstName, r.is.LastName, r.is.Role, r.is.Email})
		}
	}
	return list
}
