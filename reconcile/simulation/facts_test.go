package simulation_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rolewright/rolewright/reconcile/emulator"
	"github.com/rolewright/rolewright/reconcile/role"
)

func jsonOf(v any) string {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// as turns a value into another type of the same JSON.
func as[T any](v any) (to T) {
	if err := json.Unmarshal([]byte(jsonOf(v)), &to); err != nil {
		panic(err)
	}
	return to
}

// contents are what an account holds at one version of it. Nobody changes them.
type contents struct {
	version int
	roles   []emulator.Role
	teams   []emulator.Team
	members []emulator.Member
	things  func() map[string]string
	facts   func() map[string]string
}

// holds returns what the account holds. It is read again only when it has changed.
func (w *world) holds() *contents {
	w.reading.Lock()
	defer w.reading.Unlock()
	if version := w.emu.Version(); w.read == nil || w.read.version != version {
		c := &contents{version: version, roles: w.emu.Roles(), teams: w.emu.Teams(), members: w.emu.Members()}
		c.things, c.facts = sync.OnceValue(c.asThings), sync.OnceValue(c.asFacts)
		w.read = c
	}
	return w.read
}

// asThings are all roles, teams and members, by kind and key.
func (c *contents) asThings() map[string]string {
	all := map[string]string{}
	for _, r := range c.roles {
		all["role "+r.Key] = jsonOf(r)
	}
	for _, t := range c.teams {
		all["team "+t.Key] = jsonOf(t)
	}
	for _, m := range c.members {
		all["member "+m.Email] = jsonOf(m)
	}
	return all
}

// asFacts says what an account holds, in pieces that one edit changes, by "KIND KEY PIECE". Roles go
// by their keys also where they are held, since one that is made anew has another id.
func (c *contents) asFacts() map[string]string {
	facts, keys := map[string]string{}, map[string]string{}
	for _, l := range c.roles {
		keys[l.ID] = l.Key
		thing, policy := "role "+l.Key, make([]role.Statement, len(l.Policy))
		for i, s := range l.Policy {
			policy[i] = role.Statement{
				Effect: role.Effect(s.Effect), Actions: s.Actions, NotActions: s.NotActions, Resources: s.Resources, NotResources: s.NotResources,
			}
		}
		facts[thing+" is"], facts[thing+" name"], facts[thing+" description"] = l.ID, l.Name, l.Description
		facts[thing+" basePermissions"], facts[thing+" policy"] = l.BasePermissions, jsonOf(role.Role{Policy: policy}.Normal().Policy)
	}
	holds := func(thing string, ids []string, attributes role.Attributes) {
		for _, id := range ids {
			if keys[id] != "" {
				id = keys[id]
			}
			facts[thing+" holds "+id] = "yes"
		}
		for name, values := range attributes.Normal() {
			facts[thing+" attribute "+name] = fmt.Sprint(values)
		}
	}
	for _, l := range c.teams {
		thing := "team " + l.Key
		facts[thing+" is"], facts[thing+" name"], facts[thing+" description"] = "there", l.Name, l.Description
		holds(thing, l.CustomRoles, l.RoleAttributes)
		for _, id := range l.Members {
			facts[thing+" has "+id] = "yes"
		}
	}
	for _, l := range c.members {
		thing := "member " + l.ID
		facts[thing+" is"], facts[thing+" role"] = l.Email, l.Role
		holds(thing, l.CustomRoles, l.RoleAttributes)
	}
	return facts
}

// differing are the facts of which two accounts say something else, but for the ids of roles.
func differing(a, b map[string]string) (facts []string) {
	all := maps.Clone(a)
	maps.Copy(all, b)
	for _, fact := range slices.Sorted(maps.Keys(all)) {
		was, is := a[fact], b[fact]
		if strings.HasPrefix(fact, "role ") && strings.HasSuffix(fact, " is") && was != "" && is != "" {
			continue
		}
		if was != is {
			facts = append(facts, fmt.Sprintf("%s: %q, and not %q", fact, is, was))
		}
	}
	return facts
}

// edit is what somebody else did, and what has become another by it.
type edit struct {
	at     int // entries of the log before it
	when   time.Time
	during *line
	name   string
	wanted map[string]string
}

// meddle does something to the account from outside and notes it.
func (w *world) meddle(e *entry, do func() bool) {
	before := w.holds()
	if !do() {
		e.event += " (nothing to do)"
		return
	}
	was, is := before.facts(), w.holds().facts()
	changed := map[string]string{}
	for fact, value := range is {
		if was[fact] != value {
			changed[fact] = value
		}
	}
	for fact := range was {
		if _, still := is[fact]; !still {
			changed[fact] = "" // no longer so
		}
	}
	for _, earlier := range w.edits {
		for fact := range changed {
			delete(earlier.wanted, fact)
		}
	}
	// Who makes it what it was when the plan was made does not stand in its way.
	maps.DeleteFunc(changed, func(fact, value string) bool { return w.base[fact] == value })
	if e.event == sameName || e.event == elsewhereName {
		changed = nil // it is what the plan wants, or on the way there
	}
	w.edits = append(w.edits, &edit{at: slices.Index(w.log, e), when: time.Now(), during: e.line, name: e.event, wanted: changed})
	w.expect(before.things())
}

// expect takes what has changed since things were like this for what is to be.
func (w *world) expect(things map[string]string) {
	is := w.holds().things()
	for name, text := range is {
		if things[name] != text {
			w.things[name] = text
		}
	}
	for name := range things {
		if _, still := is[name]; !still {
			delete(w.things, name)
		}
	}
}
