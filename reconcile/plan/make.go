package plan

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/role"
)

// Make compares desired, what the files want, with actual, what the account holds, and returns
// the plan that makes the second into the first.
//
// Every role ends in exactly one place: a role that a file declares in Changes, Unchanged, Skipped
// or Ignored; any other role of the account in Changes (replaced, or pruned), Skipped, Unmanaged
// or Ignored. A tombstone of a role that is not there needs nothing and stands nowhere.
//
// A role is deleted in three cases only: a tombstone names it; another role's `previously` names
// it, and that role exists or is created first; or prune is on and no file speaks of it. It is
// never deleted while somebody holds it, since LaunchDarkly refuses that: the deletion is skipped
// until nobody does.
//
// Keys of actual must differ. Make neither changes its arguments nor depends on their order.
func Make(desired []role.Desired, actual []role.Live, opts Options) *Plan {
	return MakeAll(Desired{Roles: desired}, Actual{Roles: actual}, opts)
}

// MakeAll is Make for teams and members too, of the kinds that the scope manages.
//
// A team or member that a file declares ends in Changes, UnchangedHolders, Skipped or Ignored, or in
// a block if the account has none such; any other that holds something in Unmanaged or Ignored. What
// a file does not speak of stays as it is, nobody is invited or removed, and what an identity
// provider owns is left alone. A role is deleted if the plan takes it from all who hold it.
//
// Writes that give come before those that take away, see [Phases]. Where people are known and the
// semantics are, that nobody is for a moment without what they hold before and after, or with what they
// hold neither before nor after, is found out, and where it would be so the plan takes another way or
// is blocked; see transit.go.
func MakeAll(desired Desired, actual Actual, opts Options) *Plan {
	m := newMaking(desired.Roles, actual.Roles, opts)
	m.settlePeople(desired, actual)
	for _, d := range m.desired {
		m.declared(d)
	}
	for _, l := range m.actual {
		if !m.settled[l.Key] {
			m.undeclared(l)
		}
	}
	m.plan.Blocks = m.blocks()
	m.plan.forgetHolders()
	m.plan.sort()
	if opts.Semantics != nil {
		m.weigh()
		m.cross(actual)
		m.weighHolders(actual)
		if actual.PeopleErr != nil && len(m.plan.Changes) > 0 {
			m.unchecked("who gains and who loses access", actual.PeopleErr.Error())
		}
		m.plan.Blocks = append(m.plan.Blocks, slices.Concat(m.escalations(), m.lockout(actual))...)
		m.forgetWords()
	}
	m.plan.seal()
	return m.plan
}

// forgetWords leaves out of a brief plan what it knows of access: it has the verdicts and no lines.
func (m *making) forgetWords() {
	for i := range m.plan.Changes {
		if m.opts.Brief {
			m.plan.Changes[i].Access = nil
		}
	}
}

// making is one plan in the making.
type making struct {
	opts    Options
	plan    *Plan
	desired []role.Desired // by key
	actual  []role.Live    // by key
	files   map[string][]role.Desired
	live    map[string]role.Live
	// settled holds the keys of which the plan speaks already.
	settled map[string]bool
	// marked holds the existing roles whose own declaration says `protected: true`, and where.
	marked map[string]Declared
	// managed counts the roles of the account that are in scope and no presets.
	managed int
	people  roster
}

func newMaking(desired []role.Desired, actual []role.Live, opts Options) *making {
	m := &making{
		opts:    opts,
		plan:    newPlan(opts),
		desired: slices.SortedFunc(slices.Values(desired), compareDesired),
		actual:  slices.SortedFunc(slices.Values(actual), compareLive),
		files:   make(map[string][]role.Desired, len(desired)),
		live:    make(map[string]role.Live, len(actual)),
		settled: make(map[string]bool, len(actual)),
		marked:  map[string]Declared{},
	}
	for _, d := range desired {
		m.files[d.Key] = append(m.files[d.Key], d)
	}
	for _, l := range actual {
		m.live[l.Key] = l
		if covered, _ := opts.Scope.Roles.Covers(l.Key); covered && !l.Preset() {
			m.managed++
		}
	}
	return m
}

func compareDesired(a, b role.Desired) int {
	return cmp.Or(
		cmp.Compare(a.Key, b.Key),
		cmp.Compare(a.Source.File, b.Source.File),
		cmp.Compare(a.Source.Line, b.Source.Line),
	)
}

func compareLive(a, b role.Live) int { return cmp.Compare(a.Key, b.Key) }

// newPlan returns an empty plan that is bound to what opts say.
func newPlan(opts Options) *Plan {
	p := &Plan{
		FormatVersion: FormatVersion,
		Tool:          opts.Tool,
		Complete:      true,
		GeneratedAt:   opts.GeneratedAt,
		Target:        opts.Target,
		Source:        opts.Source,
		Scope:         opts.Scope,
		Lift:          opts.Lift,
	}
	for _, list := range []*[]string{
		&p.Scope.Roles.Include, &p.Scope.Roles.Ignore, &p.Lift.AllowPreset, &p.Lift.Unprotect,
		&p.Lift.AllowEscalation, &p.Lift.AllowLockout, &p.Lift.AllowRisk, &p.Lift.AllowTransient,
	} {
		*list = slices.Clone(*list)
	}
	for _, list := range []*[]string{&p.Lift.AllowEscalation, &p.Lift.AllowLockout, &p.Lift.AllowRisk, &p.Lift.AllowTransient} {
		*list = nilIfEmpty(*list)
	}
	p.Scope.Teams, p.Scope.Members = cloneScope(opts.Scope.Teams), cloneScope(opts.Scope.Members)
	p.Expired = slices.Clone(opts.Expired)
	p.fill()
	return p
}

func cloneScope(s *role.Scope) *role.Scope {
	if s == nil {
		return nil
	}
	return &role.Scope{Include: slices.Clone(s.Include), Ignore: slices.Clone(s.Ignore), Prune: s.Prune}
}

// match returns the first of the globs that key matches.
func match(globs []string, key string) (glob string, hit bool) {
	i := slices.IndexFunc(globs, func(g string) bool { return role.Glob(g, key) })
	if i < 0 {
		return "", false
	}
	return globs[i], true
}

// declared settles a role of the files.
func (m *making) declared(d role.Desired) {
	if m.settled[d.Key] {
		return // the second declaration of a key; the first has dealt with both
	}
	m.settled[d.Key] = true
	note := m.noteOf(d)
	covered, outside := m.opts.Scope.Roles.Covers(d.Key)
	unfit := role.CheckKey(d.Key)
	switch {
	case !covered:
		note.Reason = outside
		m.plan.Ignored = append(m.plan.Ignored, note)
	case unfit != nil:
		m.skip(note, unfit.Error(), "")
	case len(m.files[d.Key]) > 1:
		m.skip(note, "declared "+count(len(m.files[d.Key]), "time")+", so nobody can say which is meant", "keep one")
	case d.Absent:
		m.tombstone(d)
	default:
		m.wanted(d)
	}
}

func (m *making) tombstone(d role.Desired) {
	if l, there := m.live[d.Key]; there {
		m.mark(d, l.Key)
		m.remove(l, "state: absent", "take it from them, then apply again", declaredAt(d))
	}
}

// wanted settles a role that the files want to exist, and the ones whose place it takes.
func (m *making) wanted(d role.Desired) {
	old := m.replaced(d)
	l, there := m.live[d.Key]
	switch {
	case there:
		m.mark(d, d.Key)
		m.compare(d, l)
	case len(old) > 0:
		c := newChange(Replace, &old[0], &d.Role)
		m.add(c, fmt.Sprintf("takes the place of %q, since a key cannot be changed", old[0].Key), declaredAt(d))
	default:
		m.add(newChange(Create, nil, &d.Role), "the files declare it, "+m.holder()+" has no such role", declaredAt(d))
	}
	for _, l := range old {
		m.mark(d, l.Key)
		m.remove(l, fmt.Sprintf("replaced by %q", d.Key), fmt.Sprintf("give them %q, then apply again", d.Key), declaredAt(d))
	}
}

// replaced returns the roles of the account whose place d takes, in the order in which d names
// them. One that is out of reach is left to undeclared; one that has a declaration of its own
// follows that.
func (m *making) replaced(d role.Desired) []role.Live {
	var old []role.Live
	for _, key := range d.Previously {
		l, there := m.live[key]
		covered, _ := m.opts.Scope.Roles.Covers(key)
		reachable := there && covered && role.CheckKey(key) == nil
		if !reachable || m.settled[key] || len(m.files[key]) > 0 {
			continue
		}
		m.settled[key] = true
		old = append(old, l)
	}
	return old
}

// compare settles a role that is both in the files and in the account.
func (m *making) compare(d role.Desired, l role.Live) {
	after := d.Role
	if after.ResourceCategory == "" {
		after.ResourceCategory = l.ResourceCategory // not said means left alone
	}
	if role.Equal(l.Role, after) {
		m.plan.Unchanged++
		return
	}
	m.add(newChange(Update, &l, &after), "the role differs from its file", declaredAt(d))
}

// undeclared settles a role of the account of which no file speaks.
func (m *making) undeclared(l role.Live) {
	note := noteOfLive(l)
	covered, outside := m.opts.Scope.Roles.Covers(l.Key)
	unfit := role.CheckKey(l.Key)
	switch {
	case !covered:
		note.Reason = outside
		m.plan.Ignored = append(m.plan.Ignored, note)
		return
	case l.Preset():
		note.Reason = "preset role"
	case unfit != nil:
		note.Reason = unfit.Error()
	case m.opts.Scope.Roles.Prune:
		m.remove(l, "not in the files, and prune is on", "take it from them, then apply again", nil)
		return
	default:
		note.Reason = "no file declares it"
	}
	m.plan.Unmanaged = append(m.plan.Unmanaged, note)
}

// remove deletes a role of the account, or skips that while somebody holds it.
func (m *making) remove(l role.Live, reason, heldHint string, where *Declared) {
	note := noteOfLive(l)
	note.Declared = where
	if left := m.holdersLeft(l); left != "" {
		m.skip(note, reason+", but still held by "+left, heldHint)
		return
	}
	m.add(newChange(Delete, &l, nil), reason, where)
}

func (m *making) add(c Change, reason string, where *Declared) {
	c.Reason, c.Declared = reason, where
	if m.opts.Source.Offline {
		c.Assigned = nil
	}
	m.plan.Changes = append(m.plan.Changes, c)
}

func (m *making) skip(n Note, reason, hint string) {
	n.Reason, n.Hint = reason, hint
	m.plan.Skipped = append(m.plan.Skipped, n)
}

// mark notes that d asks to protect the role of that key, which exists.
func (m *making) mark(d role.Desired, key string) {
	if d.Protected {
		m.marked[key] = *declaredAt(d)
	}
}

// noteOf begins a note on a role of the files.
func (m *making) noteOf(d role.Desired) Note {
	n := Note{Kind: KindRole, Key: d.Key, Name: d.Name}
	if l, there := m.live[d.Key]; there {
		n = noteOfLive(l)
	}
	n.Declared = declaredAt(d)
	return n
}

func noteOfLive(l role.Live) Note {
	return Note{Kind: KindRole, Key: l.Key, Name: l.Name, Assigned: &l.Assigned}
}

func declaredAt(d role.Desired) *Declared {
	return &Declared{File: d.Source.File, Line: d.Source.Line}
}

// holders says who holds a role: "4 members and 1 team".
func holders(a role.Assigned) string {
	var parts []string
	if a.Members > 0 {
		parts = append(parts, count(a.Members, "member"))
	}
	if a.Teams > 0 {
		parts = append(parts, count(a.Teams, "team"))
	}
	return strings.Join(parts, " and ")
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
