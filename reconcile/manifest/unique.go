package manifest

import (
	"strconv"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Checks across files.

// together checks what the roles of a workspace say side by side.
func together(declared []declaration, c Config) []diag.Finding {
	t := &table{keys: map[string]*declaration{}, names: map[string]*declaration{}, old: map[string]place{}}
	for i := range declared {
		d := &declared[i]
		if d.outOfOrder {
			continue
		}
		t.key(d)
		t.name(d)
		t.scope(d, c.Manage.Roles)
	}
	for i := range declared {
		if !declared[i].outOfOrder {
			t.previously(&declared[i])
		}
	}
	return t.findings
}

// table holds what the roles seen so far have claimed.
type table struct {
	keys, names map[string]*declaration
	old         map[string]place
	findings    []diag.Finding
}

// place is a place in one of the files.
type place struct {
	text *text
	at   role.Pos
}

// fail adds an error, with the place of the other side unless that is unknown.
func (t *table) fail(here place, length int, code, message, hint string, other place, otherSays string) {
	f := here.text.finding(diag.Error, code, here.at, length, message, hint)
	if other.text != nil {
		f.Related = []diag.Related{{Pos: other.text.position(other.at), Message: otherSays}}
	}
	t.findings = append(t.findings, f)
}

func (d *declaration) keyPlace() place  { return place{d.text, d.Source.Key} }
func (d *declaration) namePlace() place { return place{d.text, d.Source.Name} }

// key claims a role's key.
func (t *table) key(d *declaration) {
	first, taken := t.keys[d.Key]
	switch {
	case !taken:
		t.keys[d.Key] = d
	case first.Absent != d.Absent:
		t.fail(d.keyPlace(), d.keyLength, "role/tombstone", "role "+strconv.Quote(d.Key)+" is declared and marked as absent", "keep one of the two",
			first.keyPlace(), "the other document is here")
	default:
		t.fail(d.keyPlace(), d.keyLength, "role/duplicate-key", "role "+strconv.Quote(d.Key)+" is declared twice", "remove one of the two, or give it another key",
			first.keyPlace(), "it is declared here already")
	}
}

// name claims a role's name. LaunchDarkly shows roles by name.
func (t *table) name(d *declaration) {
	if d.Absent || d.Name == "" {
		return
	}
	first, taken := t.names[d.Name]
	if !taken {
		t.names[d.Name] = d
		return
	}
	if first.Key == d.Key {
		return // declared twice altogether
	}
	t.fail(d.namePlace(), d.nameSpan, "role/duplicate-name", "roles "+strconv.Quote(first.Key)+" and "+strconv.Quote(d.Key)+" have the same name "+strconv.Quote(d.Name),
		"give one of them another name", first.namePlace(), "the first one is here")
}

// scope refuses a role that rolewright.yaml keeps rolewright from touching.
func (t *table) scope(d *declaration, s role.Scope) {
	if ok, reason := s.Covers(d.Key); !ok {
		t.fail(d.keyPlace(), d.keyLength, "role/out-of-scope", "role "+strconv.Quote(d.Key)+" is declared but not managed: "+reason,
			"change manage.roles in "+ConfigFile+", or remove the role", place{}, "")
	}
}

// previously checks the old keys of a role: each belongs to one role only, and to none that is
// declared.
func (t *table) previously(d *declaration) {
	for i, old := range d.Previously {
		here := place{d.text, d.Source.Previously[i]}
		fail := func(message, hint string, other place, says string) {
			t.fail(here, len(old), "role/previously", message, hint, other, says)
		}
		if old == d.Key {
			fail("the role's key "+strconv.Quote(old)+" is listed as an old key", "remove it", d.keyPlace(), "the key is here")
			continue
		}
		if other, declared := t.keys[old]; declared {
			fail("the old key "+strconv.Quote(old)+" is declared as a role of its own", "remove one of the two", other.keyPlace(), "it is declared here")
			continue
		}
		if first, taken := t.old[old]; taken {
			fail("the old key "+strconv.Quote(old)+" is listed twice", "keep it at the role that takes its place", first, "it is listed here already")
			continue
		}
		t.old[old] = here
	}
}
