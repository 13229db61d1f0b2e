package plan

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Access is what a change does to what its role allows, whoever holds it, for all values of role
// attributes.
type Access struct {
	// Verdict says whether anything is gained or lost. access.None is printed only when proved.
	Verdict access.Verdict `json:"verdict"`
	Gained  []AccessLine   `json:"gained"`
	Lost    []AccessLine   `json:"lost"`
	// GainedRest and LostRest are a request that the lines do not cover, where they do not cover
	// everything; "" where they are proved to.
	GainedRest string `json:"gainedRest,omitempty"`
	LostRest   string `json:"lostRest,omitempty"`
	// Undecided is what could not be found out, in words.
	Undecided []string `json:"undecided"`
}

// AccessLine is some requests that are gained or lost, in the policies' own words; see access.Line.
type AccessLine struct {
	Text      string   `json:"text"` // the line in words
	Actions   []string `json:"actions"`
	AllBut    []string `json:"allBut,omitempty"`
	Resources []string `json:"resources"`
	Also      []string `json:"also,omitempty"`
	Except    []string `json:"except"`
	Example   string   `json:"example,omitempty"`
	// Where says with which role attributes Example is one: "projects=web".
	Where string `json:"where,omitempty"`
	// NewActions says that actions are among them that the catalogue does not know yet.
	NewActions bool `json:"newActions,omitempty"`
	// Because are the statements that are responsible.
	Because []Because `json:"because"`
}

// Because is a statement that is responsible for a gain or a loss.
type Because struct {
	// Statement is its index in the policy, -1 for base permissions. After says that it is in the
	// policy as it will be; otherwise it stands there today, and its going is what matters.
	Statement int  `json:"statement"`
	After     bool `json:"after"`
	// Source is "file:line" of a statement of the files.
	Source string `json:"source,omitempty"`
}

// Level says how much harm a change could do.
type Level string

// The levels.
const (
	High   Level = "high"
	Medium Level = "medium"
)

// Risk is a reason to look twice at a change.
type Risk struct {
	Code  string `json:"code"` // "escalation", "account", "critical", "delete"
	Level Level  `json:"level"`
	Why   string `json:"why"`
}

// hazards are the sets of requests that are dangerous to gain, the worst first.
var hazards = []struct {
	code    string
	level   Level
	why     string
	actions []string
	on      []string
}{
	{
		"escalation", High, "lets somebody change who may do what",
		[]string{"*"},
		[]string{"role/*", "member/*", "team/*", "service-token/*", "member/*:token/*"},
	},
	{
		"account", High, "reaches the account itself",
		[]string{"*"},
		[]string{"acct", "integration/*", "relay-proxy-config/*", "webhook/*", "ip-allowlist", "domain-verification/*"},
	},
	{
		"critical", High, "reaches critical environments",
		[]string{"*"},
		[]string{"proj/*:env/*;{critical:true}", "proj/*:env/*;{critical:true}:flag/*", "proj/*:env/*;{critical:true}:segment/*"},
	},
	{
		"delete", Medium, "deletes things",
		[]string{"delete*"},
		[]string{"proj/*", "proj/*:env/*", "proj/*:env/*:flag/*", "proj/*:env/*:segment/*"},
	},
}

// weigher finds out what changes do to access.
type weigher struct {
	engine *access.Engine
	source func(key string) role.Source
}

// weigh fills in what the changes do to access, if that is asked for.
func (m *making) weigh() {
	if m.opts.Semantics == nil {
		return
	}
	w := weigher{engine: access.New(*m.opts.Semantics, access.Budget{}), source: m.source}
	for i := range m.plan.Changes {
		w.weigh(&m.plan.Changes[i])
	}
}

// source returns where the role of that key is declared.
func (m *making) source(key string) role.Source {
	if files := m.files[key]; len(files) > 0 {
		return files[0].Source
	}
	return role.Source{}
}

// weigh fills in what the change does to access, and what is dangerous about it.
func (w weigher) weigh(c *Change) {
	before, after := subjects(c)
	diff := w.engine.Compare(before, after)
	c.Access = &Access{Verdict: diff.Verdict(), Undecided: []string{}}
	gained, lost := w.engine.DescribeChange(before, after, diff, access.Budget{})
	c.Access.Gained, c.Access.GainedRest = w.lines(c, gained)
	c.Access.Lost, c.Access.LostRest = w.lines(c, lost)
	for _, q := range diff.Undecided {
		if !slices.Contains(c.Access.Undecided, q.Why) {
			c.Access.Undecided = append(c.Access.Undecided, q.Why)
		}
	}
	c.Risk = w.risks(diff.Gained)
}

// subjects returns who holds the role before and after: nobody, where there is none.
func subjects(c *Change) (before, after access.Subject) {
	var fixed []role.Statement
	if c.Before != nil {
		fixed = c.Before.PresetStatements
		before = holding(c.Before.Role, fixed)
	}
	if c.After != nil {
		after = holding(*c.After, fixed)
	}
	return before, after
}

// holding is somebody who holds a role, with the statements that its preset adds. The key is left
// out: it makes no difference to access.
func holding(r role.Role, fixed []role.Statement) access.Subject {
	return access.Subject{Symbolic: true, Held: []policy.Held{{Role: role.Role{
		BasePermissions: r.BasePermissions, Policy: slices.Concat(r.Policy, fixed),
	}}}}
}

// lines are a description as a plan keeps it, with a request that it leaves out, if any.
func (w weigher) lines(c *Change, d access.Description) ([]AccessLine, string) {
	lines := make([]AccessLine, len(d.Lines))
	for i, l := range d.Lines {
		lines[i] = AccessLine{
			Text: l.String(), Actions: l.Actions, AllBut: nilIfEmpty(l.AllBut), Resources: l.Resources, Also: nilIfEmpty(l.Also),
			Except: l.Except, Example: l.Example, Where: l.Where, NewActions: l.NewActions, Because: w.because(c, l),
		}
	}
	if d.Exact {
		return lines, ""
	}
	return lines, cmp.Or(d.Rest, "more than could be described")
}

// nilIfEmpty keeps a list that JSON leaves out when empty the same after it was read back.
func nilIfEmpty(list []string) []string {
	if len(list) == 0 {
		return nil
	}
	return list
}

// because names the statements of an edited role that are responsible for a line. In a role that
// comes or goes whole it is all of them.
func (w weigher) because(c *Change, l access.Line) []Because {
	list := []Because{}
	if c.Action != Update {
		return list
	}
	source := w.source(c.Key)
	for _, b := range l.Because {
		because := Because{Statement: b.Statement, After: b.After}
		if b.After && b.Statement >= 0 && b.Statement < len(source.Policy) {
			because.Source = fmt.Sprintf("%s:%d", source.File, source.Policy[b.Statement].Line)
		}
		list = append(list, because)
	}
	return list
}

// risks names the hazards that a gain has a part in. Looking alone is none.
func (w weigher) risks(gained access.Region) []Risk {
	risks := []Risk{}
	for _, h := range hazards {
		for _, text := range h.on {
			spec, err := policy.Parse(text)
			if err != nil {
				panic("plan: hazard " + text + ": " + err.Error())
			}
			box := w.engine.Box(access.Box{Actions: h.actions, Specifier: spec})
			looks := w.engine.Box(access.Box{Actions: []string{"view*"}, Specifier: spec})
			if gained.And(box).Minus(looks).Empty() != access.Yes {
				risks = append(risks, Risk{h.code, h.level, h.why})
				break
			}
		}
	}
	return risks
}
