package emulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// view is the account at one time: the present, or what a lagging reader sees of it.
type view struct {
	roles   *table[Role]
	members *table[Member]
	teams   *table[Team]
	// projects are the inventory.
	projects *table[Project]
	held     map[string]assignedTo      // who holds a role directly, by the role's id
	teamsOf  map[string][]*record[Team] // the teams of a member, by the member's id and in order
}

func newView() *view {
	v := &view{held: map[string]assignedTo{}, teamsOf: map[string][]*record[Team]{}}
	v.roles = newTable("role", func(_, _ *record[Role]) {})
	v.members = newTable("member", v.memberSwapped)
	v.teams = newTable("team", v.teamSwapped)
	v.projects = newTable("project", func(_, _ *record[Project]) {})
	return v
}

// past returns the view at cut; the present itself if nothing has changed since.
func (v *view) past(cut time.Time) *view {
	if len(v.roles.hidden(cut)) == 0 && len(v.members.hidden(cut)) == 0 && len(v.teams.hidden(cut)) == 0 && len(v.projects.hidden(cut)) == 0 {
		return v
	}
	past := newView()
	v.roles.fillPast(past.roles, cut)
	v.members.fillPast(past.members, cut)
	v.teams.fillPast(past.teams, cut)
	v.projects.fillPast(past.projects, cut)
	return past
}

func (v *view) memberSwapped(before, after *record[Member]) {
	if before != nil {
		v.count(before.is.CustomRoles, assignedTo{Members: -1})
	}
	if after != nil {
		v.count(after.is.CustomRoles, assignedTo{Members: 1})
	}
}

func (v *view) teamSwapped(before, after *record[Team]) {
	if before != nil {
		v.count(before.is.CustomRoles, assignedTo{Teams: -1})
		v.leave(before)
	}
	if after != nil {
		v.count(after.is.CustomRoles, assignedTo{Teams: 1})
		v.join(after)
	}
}

func (v *view) count(roles []string, more assignedTo) {
	for _, id := range roles {
		n := v.held[id]
		v.held[id] = assignedTo{n.Members + more.Members, n.Teams + more.Teams}
	}
}

func (v *view) leave(team *record[Team]) {
	for _, id := range team.is.Members {
		v.teamsOf[id] = slices.DeleteFunc(v.teamsOf[id], func(t *record[Team]) bool { return t.seq == team.seq })
	}
}

func (v *view) join(team *record[Team]) {
	for _, id := range team.is.Members {
		list := v.teamsOf[id]
		i, _ := slices.BinarySearchFunc(list, team, bySequence[Team])
		v.teamsOf[id] = slices.Insert(list, i, team)
	}
}

// assigned returns how many members and teams hold the role, those included that the role itself
// was told of.
func (v *view) assigned(r *record[Role]) assignedTo {
	n := v.held[r.is.ID]
	return assignedTo{n.Members + r.is.Members, n.Teams + r.is.Teams}
}

// role writes a role as the API answers it.
func (v *view) role(b *bytes.Buffer, r *record[Role]) {
	n := v.assigned(r)
	b.Write(r.wire)
	fmt.Fprintf(b, `,"assignedTo":{"membersCount":%d,"teamsCount":%d}}`, n.Members, n.Teams)
}

// roleKeys returns the keys of the roles that the account has of those ids.
func (v *view) roleKeys(ids []string) []string {
	keys := make([]string, 0, len(ids))
	for _, id := range ids {
		if r, found := v.roles.byID[id]; found {
			keys = append(keys, r.is.Key)
		}
	}
	return keys
}

// asJSON is the JSON of plain data.
func asJSON(v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic("emulator: answers are plain data and always encode: " + err.Error())
	}
	return data
}

// text returns what write writes.
func text(write func(*bytes.Buffer)) []byte {
	var b bytes.Buffer
	write(&b)
	return b.Bytes()
}
