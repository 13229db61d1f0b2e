package lint

import (
	"fmt"
	"slices"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Proof is one role as it is reasoned about, by itself and whatever its role attributes stand for.
//
// Whether a project may be viewed is left out: it depends on what else somebody holds. So two roles
// that are proved equal here are equal for whoever holds them.
//
// What could not be decided is noted, and said at the end: a rule need not look after it, but must
// report nothing from it.
type Proof struct {
	*Role
	Engine  *access.Engine
	Subject access.Subject
	pass    *Pass

	matches      []*access.Region // by statement, filled in on first use
	grants       *access.Region
	work, visits int // that are left
	undecided    bool
	// open says why nothing can be proved of the role, "" if it can.
	open string

	// now is the policy without what was found redundant so far, gone the statements of it that were
	// found useless; see redundant.go.
	now      []role.Statement
	gone     map[int]bool
	shares   map[string][]share // by kind
	settled  memo
	found    []useless
	elements []redundant
	// undone and reached are what LD109 and LD107 find.
	undoneBy, reachedBy memo
	undone              []undoing
	reached             map[int]access.Example
}

// memo says that something was looked for that several rules need, and whether it was undecided.
type memo struct{ done, undecided bool }

// once looks for something, or notes that it could not be decided when it was.
func (q *Proof) once(m *memo, find func()) {
	if !m.done {
		before := q.undecided
		q.undecided = false
		find()
		*m = memo{true, q.undecided}
		q.undecided = before
	}
	q.undecided = q.undecided || m.undecided
}

// A batch is the roles that share an engine. An engine remembers what it has proved and only grows,
// so there is a new one now and then.
type batch struct {
	number int
	engine *access.Engine
	proofs map[*Role]*Proof
}

const (
	perEngine = 64 // roles
	// steps bounds the work for one question, work that for all questions about a role, counted in
	// statements that are read, and visits the search for plain requests, counted in statements that
	// are looked at. A role that was made to be hard must not hold up the others.
	steps  = 200_000
	work   = 200_000
	visits = 3_000_000
	// perQuestion is what a question costs beside the statements in it.
	perQuestion = 10
)

// proof returns what can be proved of a role: nil if LD001 finds that LaunchDarkly refuses it. Ask for
// one role after the other, in their order: the proofs of earlier ones are forgotten.
func (p *Pass) proof(r *Role) *Proof {
	if p.refused(r) {
		return nil
	}
	if n := r.index / perEngine; p.batch == nil || p.batch.number != n {
		p.batch = &batch{n, p.nextEngine(), map[*Role]*Proof{}}
	}
	q := p.batch.proofs[r]
	if q == nil {
		q = &Proof{
			Role: r, Engine: p.batch.engine, Subject: subject(r.BasePermissions, r.Policy...),
			pass: p, now: slices.Clone(r.Policy), gone: map[int]bool{}, shares: map[string][]share{},
			matches: make([]*access.Region, len(r.Policy)), work: work, visits: visits,
		}
		p.batch.proofs[r] = q
		q.Grants()
	}
	return q
}

// nextEngine returns an engine for the roles of the next batch.
func (p *Pass) nextEngine() *access.Engine {
	if p.batch == nil {
		return access.New(p.alone(), access.Budget{Steps: steps})
	}
	return p.batch.engine.Anew(access.Budget{Steps: steps})
}

// alone is the semantics without what depends on other roles.
func (p *Pass) alone() policy.Semantics {
	sem := p.Semantics
	sem.ViewPrecondition = false
	return sem
}

// refused reports whether a role has something that LaunchDarkly refuses: LD001 speaks of it.
func (p *Pass) refused(r *Role) bool {
	return slices.ContainsFunc(r.Statements, func(s Statement) bool {
		return malformed(&s) ||
			slices.ContainsFunc(s.Resources, func(res Resource) bool { return res.Err != nil }) ||
			slices.ContainsFunc(s.Actions, func(a Action) bool { return p.judge(&s, a.Text).class == noAction })
	})
}

// malformed reports whether a statement does not have what a statement has.
func malformed(s *Statement) bool {
	return s.Effect != role.Allow && s.Effect != role.Deny ||
		(len(s.Statement.Actions) > 0) == (len(s.NotActions) > 0) || (len(s.Statement.Resources) > 0) == (len(s.NotResources) > 0)
}

// subject is somebody who holds nothing but a role of these statements.
func subject(base string, statements ...role.Statement) access.Subject {
	return access.Subject{Symbolic: true, Held: []policy.Held{{Role: role.Role{BasePermissions: base, Policy: statements}}}}
}

// region returns what a policy grants.
func (q *Proof) region(base string, statements ...role.Statement) access.Region {
	if q.work -= len(statements); q.work < 0 {
		statements = nil
	}
	r, open := q.Engine.Grants(subject(base, statements...))
	if len(open) > 0 {
		q.open = open[0].Why
	}
	return r
}

// Grants returns what the role grants.
func (q *Proof) Grants() access.Region {
	if q.grants == nil {
		r := q.region(q.BasePermissions, q.Policy...)
		q.grants = &r
	}
	return *q.grants
}

// Matches returns the requests that statement n is about, whether it allows or denies them.
func (q *Proof) Matches(n int) access.Region {
	if q.matches[n] == nil {
		r := q.about(q.Policy[n])
		q.matches[n] = &r
	}
	return *q.matches[n]
}

// about returns the requests that a statement is about.
func (q *Proof) about(s role.Statement) access.Region {
	s.Effect = role.Allow
	return q.region(role.NoAccess, s)
}

// example returns a request of a region, if there is one.
func (q *Proof) example(r access.Region) (access.Example, access.Answer) {
	if q.work -= perQuestion; q.exhausted() {
		return access.Example{}, access.Undecided
	}
	x, a := r.Example()
	q.undecided = q.undecided || a == access.Undecided
	return x, a
}

// exhausted reports whether no more questions may be asked.
func (q *Proof) exhausted() bool {
	q.undecided = q.undecided || q.work < 0
	return q.work < 0
}

// empty reports whether it is proved that no request is in the region.
func (q *Proof) empty(r access.Region) bool {
	_, a := q.example(r)
	return a == access.No
}

// prove runs the rules on one role after the other.
func (p *Pass) prove(rules []Rule) {
	if len(rules) == 0 {
		return
	}
	p.noteSaid()
	p.cache.begin(p)
	defer p.cache.end()
	for _, r := range p.Roles {
		key := p.cache.key(r)
		for _, rule := range rules {
			p.rule = rule
			p.findings = append(p.findings, p.cache.recall(rule.Code, key, func() []diag.Finding { return p.proveOne(rule, r) })...)
		}
	}
}

// noteSaid remembers where the rules about words found something.
func (p *Pass) noteSaid() {
	p.said = map[diag.Position]bool{}
	for _, f := range p.findings {
		if aboutWords(f.Code) {
			p.said[f.Pos] = true
		}
	}
}

// spoken reports whether something was found about the words of a statement: then it is no wonder if
// it does not do what it should, and one finding is enough.
func (p *Pass) spoken(s *Statement) bool {
	return p.said[s.Pos] ||
		slices.ContainsFunc(s.Actions, func(a Action) bool { return p.said[a.Pos] }) ||
		slices.ContainsFunc(s.Resources, func(r Resource) bool { return p.said[r.Pos] })
}

// spokenOf reports whether that is so of some statement of a role.
func (p *Pass) spokenOf(r *Role) bool {
	return slices.ContainsFunc(r.Statements, func(s Statement) bool { return p.spoken(&s) })
}

// proveOne returns what a rule finds about a role.
func (p *Pass) proveOne(rule Rule, r *Role) []diag.Finding {
	before := p.findings
	defer func() { p.findings = before }()
	p.findings = nil
	if q := p.proof(r); q != nil {
		q.undecided = false
		q.Engine.Refill()
		if q.open == "" {
			rule.Prove(p, q)
		}
		if q.undecided || q.open != "" {
			p.unsure(q)
		}
	}
	return p.findings
}

// unsure says that the running rule could not decide something about a role.
func (p *Pass) unsure(q *Proof) {
	why, hint := q.open, "check by hand what the role grants"
	if why == "" {
		why, hint = "the budget for reasoning ran out", "divide the role, or write fewer patterns with several \"*\""
	}
	p.report(diag.Info, q.Pos(), q.Key, fmt.Sprintf("role %q: %s could not be decided: %s", q.Key, p.rule.Title, why), hint)
}

// within reports whether it is proved that every request of a is in b.
func (q *Proof) within(a, b access.Region) bool { return q.empty(a.Minus(b)) }

// meets reports whether it is proved that some request is in both, and returns one.
func (q *Proof) meets(a, b access.Region) (access.Example, bool) {
	x, answer := q.example(a.And(b))
	return x, answer == access.Yes
}
