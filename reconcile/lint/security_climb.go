package lint

import (
	"fmt"
	"maps"
	"slices"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// How a way up is found: what somebody holds is a list of paths. Every move that these allow adds paths,
// and that is repeated until a goal is reached or nothing is added. Paths are never taken away: who
// may give himself a role can do so, use it, and go back. Roles that decide nothing lead nowhere and are
// left out of what is added.

// climbing is the account in which ways up are looked for.
type climbing struct {
	pass   *Pass
	reader people.Reader
	roles  []role.Live // that decide something, or are administrative
	all    []string    // keys of teams and roles: what role attributes can be made to mean
}

func (p *Pass) newClimbing() *climbing {
	c := &climbing{pass: p, reader: p.readPeople()}
	for _, r := range p.People.Roles {
		c.all = append(c.all, r.Key)
		if c.administrative(r.Key) || p.decidesSomething(policy.Held{Role: withPreset(r)}) {
			c.roles = append(c.roles, r)
		}
	}
	for _, t := range p.People.Teams {
		c.all = append(c.all, t.Key)
	}
	return c
}

func withPreset(l role.Live) role.Role {
	r := l.Role
	r.Policy = slices.Concat(l.PresetStatements, l.Policy)
	return r
}

// administrative reports whether a role of the account is administrative: by the settings, or by its
// file.
func (c *climbing) administrative(key string) bool {
	r := c.pass.roleNamed(people.Path{Role: key})
	return c.pass.Administrative(key) || r != nil && r.Protected
}

// isAdministrator reports whether somebody is an administrator already.
func (c *climbing) isAdministrator(who *joint) bool {
	return slices.ContainsFunc(who.Paths, func(path people.Path) bool {
		return !path.Base && c.administrative(path.Role) || path.Base && (path.Role == "admin" || path.Role == "owner")
	})
}

// climbs are the actions that a way up begins with, by kind.
var climbs = []access.Box{
	{Actions: []string{"updatePolicy", "updateMembers"}, Specifier: named("role")},
	{Actions: []string{"updateRole", "updateCustomRole", "updateMemberRoleAttributes"}, Specifier: named("member")},
	{Actions: []string{"updateTeamCustomRoles", "updateTeamMembers", "updateTeamRoleAttributes"}, Specifier: named("team")},
}

func named(typ string) policy.Specifier {
	return policy.Specifier{Segments: []policy.Segment{{Type: typ, HasName: true, Name: "*"}}}
}

// decidesSomething reports whether a role may have a step of a way up, as far as its words say.
func (p *Pass) decidesSomething(h policy.Held) bool {
	return slices.ContainsFunc(climbs, func(b access.Box) bool {
		return slices.ContainsFunc(b.Actions, func(a string) bool { return p.mayAllow(h.Role, b.Specifier.Kind(), a) })
	})
}

// A move is one step: what it says, and what it adds or reaches.
type move struct {
	text  string
	at    spot
	from  int // index of the move that gave the role that allows it, -1 for none
	adds  []people.Path
	joins string // the team that the member is in then, "" for none
	goal  bool
	over  []people.Path // what it leads over: what allows it and, of a goal, what it gives
}

// A climber is one member on the way.
type climber struct {
	*climbing
	member role.LiveMember
	paths  []people.Path
	by     map[string]int // of the move that added a path, by what the path is
	made   []move
	group  *group
	done   map[string]bool // moves that were made, by their text
}

// climb returns the way by which a member becomes an administrator, or nil.
func (c *climbing) climb(m role.LiveMember) *climb {
	w := &climber{climbing: c, member: m, paths: c.reader.Paths(m), by: map[string]int{}, done: map[string]bool{}}
	for {
		w.group = c.pass.group(&joint{Case: c.reader.Case(w.paths)})
		moves := w.moves()
		if i := slices.IndexFunc(moves, func(m move) bool { return m.goal }); i >= 0 {
			return w.way(moves[i])
		}
		if len(moves) == 0 {
			return nil
		}
		for _, m := range moves {
			for _, path := range m.adds {
				if _, known := w.by[pathName(path)]; !known {
					w.by[pathName(path)] = len(w.made)
					w.paths = append(w.paths, path)
				}
			}
			if m.joins != "" {
				w.member.Teams = append(slices.Clone(w.member.Teams), m.joins)
			}
			w.made = append(w.made, m)
		}
	}
}

func pathName(p people.Path) string { return fmt.Sprint(p) }

// way returns the moves that lead to a goal.
func (w *climber) way(goal move) *climb {
	list := []move{goal}
	for from := goal.from; from >= 0; from = w.made[from].from {
		list = append(list, w.made[from])
	}
	slices.Reverse(list)
	return &climb{first: w.member, moves: list}
}

// moves returns what the member can do now and has not done, goals among them.
func (w *climber) moves() (list []move) {
	for _, next := range [][]move{w.goals(), w.joins(), w.assignments(), w.attributes()} {
		for _, m := range next {
			if !w.done[m.text] {
				w.done[m.text] = true
				list = append(list, m)
			}
		}
	}
	return list
}

// may returns the move that an action on a resource is, if it is allowed.
func (w *climber) may(action, typ, key, does string) (move, bool) {
	x := policy.Request{Action: action, Resource: []policy.Part{{Type: typ, Key: key}}}
	if typ != "member" && !w.speaks(typ, action) {
		return move{}, false
	}
	reason, allowed := w.group.first(x)
	if !allowed {
		return move{}, false
	}
	path, from := w.group.Paths[reason.Held], -1
	if i, added := w.by[pathName(path)]; added {
		from = i
	}
	text := fmt.Sprintf("%s by %q through %s", does, x, pathText(path))
	return move{text: text, at: w.group.at(x), from: from, over: []people.Path{path}}, true
}

// speaks reports whether something that is held may allow the action: it saves most questions.
func (w *climber) speaks(kind, action string) bool {
	return slices.ContainsFunc(w.group.Held, func(h policy.Held) bool { return w.pass.mayAllow(h.Role, kind, action) })
}

// self returns the move that an action on the member's own entry is. A member is named by id or by
// e-mail address.
func (w *climber) self(action, does string) (move, bool) {
	if !w.speaks("member", action) {
		return move{}, false
	}
	for _, key := range []string{w.member.ID, w.member.Email} {
		if key == "" {
			continue
		}
		if m, ok := w.may(action, "member", key, does); ok {
			return m, true
		}
	}
	return move{}, false
}

// goals are what makes an administrator.
func (w *climber) goals() (list []move) {
	for _, path := range w.paths {
		if path.Base || path.Role == "" {
			continue
		}
		if i, added := w.by[pathName(path)]; added && w.administrative(path.Role) {
			last := w.made[i]
			last.goal = true
			last.over = append(slices.Clone(last.over), path)
			last.text += fmt.Sprintf(", which gives them %q", path.Role)
			return []move{last}
		}
		if m, ok := w.may("updatePolicy", "role", path.Role, "edits the role that they hold"); ok {
			m.goal = true
			m.over = append(m.over, path)
			list = append(list, m)
		}
	}
	if m, ok := w.self("updateRole", "makes themselves admin"); ok {
		m.goal = true
		list = append(list, m)
	}
	return list
}

// joins are the teams that the member can join.
func (w *climber) joins() (list []move) {
	for _, t := range w.pass.People.Teams {
		if w.isIn(t) {
			continue
		}
		if m, ok := w.may("updateTeamMembers", "team", t.Key, "joins team"); ok {
			m.joins, m.adds = t.Key, w.useful(t.CustomRoles, t.Key, t.RoleAttributes)
			list = append(list, m)
		}
	}
	return list
}

func (w *climber) isIn(t role.LiveTeam) bool {
	return slices.Contains(w.member.Teams, t.Key) || slices.Contains(t.Members, w.member.ID)
}

// useful returns the paths by which roles are held in a place, of those roles that lead anywhere.
func (w *climber) useful(keys []string, team string, attributes role.Attributes) (list []people.Path) {
	for _, r := range w.roles {
		if slices.Contains(keys, r.Key) {
			list = append(list, people.Path{Role: r.Key, Team: team, Attributes: attributes})
		}
	}
	return list
}

// assignments are the roles that the member can give to himself or to a team that he is in.
func (w *climber) assignments() (list []move) {
	any, all := w.self("updateCustomRole", "gives themselves any role")
	if all {
		any.adds = w.useful(w.all, "", w.member.RoleAttributes)
		list = append(list, any)
	}
	for _, r := range w.roles {
		if m, ok := w.may("updateMembers", "role", r.Key, "gives themselves the role"); ok {
			m.adds = w.useful([]string{r.Key}, "", w.member.RoleAttributes)
			list = append(list, m)
		}
	}
	for _, t := range w.pass.People.Teams {
		if !w.isIn(t) {
			continue
		}
		if m, ok := w.may("updateTeamCustomRoles", "team", t.Key, "gives their team any role"); ok {
			m.adds = w.useful(w.all, t.Key, t.RoleAttributes)
			list = append(list, m)
		}
	}
	return list
}

// attributes are new values for role attributes: those of the member, and those of his teams.
func (w *climber) attributes() (list []move) {
	if m, ok := w.self("updateMemberRoleAttributes", "gives their role attributes any value"); ok {
		m.adds = w.widened("")
		list = append(list, m)
	}
	for _, t := range w.pass.People.Teams {
		if !w.isIn(t) {
			continue
		}
		if m, ok := w.may("updateTeamRoleAttributes", "team", t.Key, "gives their team's role attributes any value"); ok {
			m.adds = w.widened(t.Key)
			list = append(list, m)
		}
	}
	return list
}

// widened returns the roles that are held in a place with all that their role attributes can be made to
// mean.
func (w *climber) widened(team string) (list []people.Path) {
	for _, path := range w.paths {
		if path.Base || path.Team != team {
			continue
		}
		i := slices.IndexFunc(w.roles, func(r role.Live) bool { return r.Key == path.Role })
		if i < 0 {
			continue
		}
		values := maps.Clone(path.Attributes)
		if values == nil {
			values = role.Attributes{}
		}
		for _, name := range access.AttributesOf(withPreset(w.roles[i])) {
			values[name] = w.all
		}
		list = append(list, people.Path{Role: path.Role, Team: team, Attributes: values})
	}
	return list
}
