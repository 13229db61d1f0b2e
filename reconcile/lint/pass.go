package lint

import (
	"slices"
	"unicode/utf8"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Pass is what a rule looks at and reports to: the statements of all roles and those who hold them,
// read once for all rules.
type Pass struct {
	Catalogue *policy.Catalogue
	Semantics policy.Semantics
	Settings  Settings
	Inventory *role.Inventory // nil is not known
	People    *people.Account // nil is not known
	// Roles are those of the files that are to exist; Statements are those of all roles, of the ones
	// to be deleted too.
	Roles      []*Role
	Statements []Statement

	rule       Rule
	findings   []diag.Finding
	resources  map[string]reading
	actions    map[actionKey]verdict
	masks      map[masked]mask
	holders    []holder
	byRole     map[string][]Statement    // of the first role with each key
	attributes map[string]map[string]use // by role and name; see uses
	unread     map[string]bool           // roles with a specifier that is malformed
	said       map[diag.Position]bool    // see spoken
	cache      *Cache
	slowly     bool                // prove everything, pass over nothing; for tests
	batch      *batch              // the roles that are being reasoned about
	together   *access.Engine      // the last one for what members hold together, see jointEngine
	heard      map[wordsKey]*words // what policies say, see words
	hearings   map[heardKey]*heard // what they say where they are held
	reader     *people.Reader      // see readPeople
	holding    []*joint            // what members hold, see cases
	focus      *Focus
	found      map[string]*Role // roles by key, see roleNamed
	denies     map[*Role][]deny // of the files, see deniesOf
}

// Role is a role of the files that is to exist.
type Role struct {
	*role.Desired
	Statements []Statement // of Policy, by index
	index      int         // in Pass.Roles
}

// Pos is where the role's key stands.
func (r *Role) Pos() diag.Position {
	return position(r.Desired, firstKnown(r.Source.Key, r.Source.Pos))
}

// Document is where the role's document begins, for a [diag.Fix].
func (r *Role) Document() diag.Position { return position(r.Desired, r.Source.Pos) }

// Administrative reports whether the settings let the role administer others.
func (p *Pass) Administrative(key string) bool {
	return slices.ContainsFunc(p.Settings.Administrative, func(glob string) bool { return role.Glob(glob, key) })
}

func newPass(in Input) *Pass {
	p := &Pass{
		Catalogue: policy.DefaultCatalogue(), Semantics: in.Semantics, Settings: in.Settings,
		Inventory: in.Inventory, People: in.People, cache: in.Cache, focus: in.Focus,
		masks: map[masked]mask{}, resources: map[string]reading{}, actions: map[actionKey]verdict{},
		holders: in.Files.holders(), byRole: map[string][]Statement{}, attributes: map[string]map[string]use{}, unread: map[string]bool{},
	}
	if p.Semantics == (policy.Semantics{}) {
		p.Semantics = policy.DefaultSemantics()
	}
	for i := range in.Files.Roles {
		p.add(&in.Files.Roles[i])
	}
	return p
}

// add reads the statements of a role.
func (p *Pass) add(d *role.Desired) {
	first := len(p.Statements)
	for n := range d.Policy {
		p.Statements = append(p.Statements, p.statement(d, n))
	}
	if d.Absent {
		return
	}
	own := p.Statements[first:len(p.Statements):len(p.Statements)]
	p.Roles = append(p.Roles, &Role{d, own, len(p.Roles)})
	if _, taken := p.byRole[d.Key]; !taken {
		p.byRole[d.Key] = own
	}
}

// report adds a finding of the running rule about text at pos.
func (p *Pass) report(s diag.Severity, pos diag.Position, text, message, hint string) *diag.Finding {
	p.findings = append(p.findings, diag.Finding{
		Severity: s, Code: p.rule.Code, Message: message, Hint: hint,
		Pos: pos, Length: utf8.RuneCountInString(text),
	})
	return &p.findings[len(p.findings)-1]
}
