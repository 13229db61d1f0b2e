package check

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/manifest/layout"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// WriteOptions say how tests are written.
type WriteOptions struct {
	Semantics policy.Semantics
	Budget    access.Budget // of each question
	// SchemaPath is where editors find the schema of tests, relative to the file; "" names none.
	SchemaPath string
}

// Write returns a file with one access test for a role, in canonical layout: what it grants today,
// and what lies next to that and is refused. Every line is proved, so that the test passes. Of all
// that could be said it says the little by which most small mistakes in the role are noticed
// ([Mutants]), and that the role administers nobody, if so.
//
// Role attributes have the value "example". The error says why there is nothing to write: the role
// cannot be read, or has nothing that could be tested.
func Write(r role.Desired, o WriteOptions) ([]byte, error) {
	w := newWriter(r.Role, o)
	if !w.grant.sure {
		return nil, fmt.Errorf("write tests of role %q: its policy cannot be read in full", r.Key)
	}
	chosen := w.choose(w.candidates())
	for _, text := range administration {
		chosen = w.addRefusal(chosen, text)
	}
	if chosen = unimplied(chosen); len(chosen) == 0 {
		return nil, fmt.Errorf("write tests of role %q: nothing was found that it surely grants or refuses", r.Key)
	}
	return layout.Format([]byte(testText(r.Key, w.values, joined(chosen), o.SchemaPath)))
}

// administration is what few roles should have: of each list the first that is refused is said.
var administration = [][]string{
	{"* on role/*", "createRole, deleteRole, updateBasePermissions, updateMembers, updatePolicy on role/*"},
	{"* on member/*", "createMember, updateCustomRole, updateMemberRoleAttributes, updateRole on member/*"},
	{"* on team/*", "updateTeamCustomRoles, updateTeamMembers, updateTeamPermissionGrants on team/*"},
}

// testText is a document of kind AccessTest.
func testText(key string, values map[string][]string, chosen []candidate, schema string) string {
	var b strings.Builder
	if schema != "" {
		fmt.Fprintf(&b, "# yaml-language-server: $schema=%s\n", schema)
	}
	fmt.Fprintf(&b, "# Written from what the role grants today: proved, not judged. Keep what should be so, change what should not.\n")
	fmt.Fprintf(&b, "kind: AccessTest\nname: %s\nas:\n  role: %s\n", quoted("what "+key+" may and may not do"), quoted(key))
	names := slices.Sorted(maps.Keys(values))
	if len(names) > 0 {
		b.WriteString("  roleAttributes:\n")
	}
	for _, name := range names {
		fmt.Fprintf(&b, "    %s: [%s]\n", quoted(name), quoted(values[name][0]))
	}
	for _, form := range []string{Can, CanSome, Cannot} {
		writeList(&b, form, chosen)
	}
	return b.String()
}

func writeList(b *strings.Builder, form string, chosen []candidate) {
	head := form + ":\n"
	for _, c := range chosen {
		if c.form == form {
			fmt.Fprintf(b, "%s  - %s\n", head, quoted(c.text))
			head = ""
		}
	}
}

// quoted is text that YAML reads back the same, whatever is in it.
func quoted(text string) string { return strconv.QuoteToASCII(text) }

// candidate is an assertion that holds.
type candidate struct {
	form, text string
	statement  int // that it was found at
	box        access.Region
	contains   *policy.Evaluator // allows what is in the box
	notices    []bool            // by mutant
}

// writer finds assertions about one role.
type writer struct {
	sifter
	role    role.Role
	values  map[string][]string
	grant   grant
	mutants []Mutant
	// differences are those of each mutant from the role as it is held.
	differences [][]*Witness
	grants      []*grant        // of each mutant, once asked for
	seen        map[string]bool // texts that were tried
}

func newWriter(r role.Role, o WriteOptions) *writer {
	w := &writer{sifter: newSifter(o.Semantics, o.Budget), role: r, values: exampleValues(r, nil), seen: map[string]bool{}}
	w.grant = w.sifter.grantOf(r, w.values)
	for _, m := range Mutants(r) {
		if found := w.differencesOf(m.Role()); len(found) > 0 {
			w.mutants, w.differences = append(w.mutants, m), append(w.differences, found)
		}
	}
	w.grants = make([]*grant, len(w.mutants))
	return w
}

// differencesOf returns requests on which a mutant disagrees, held as the test holds the role.
func (w *writer) differencesOf(mutant role.Role) (list []*Witness) {
	for _, beside := range []bool{false, true} {
		before, after := bearer(w.role, beside), bearer(mutant, beside)
		before.Held[0].Attributes, after.Held[0].Attributes = w.values, w.values
		d := w.engine.Compare(before, after)
		for i, region := range []access.Region{d.Lost, d.Gained} {
			cells, _ := region.Cells()
			for _, c := range cells {
				if x, answer := c.Example(); answer == access.Yes {
					list = append(list, &Witness{Gained: i == 1, NeedsView: beside, example: x})
				}
			}
		}
	}
	return list
}

// candidates returns what can be said, the strongest first: at each statement about its own
// resources, and about those next to them.
func (w *writer) candidates() (list []candidate) {
	for i, s := range w.role.Policy {
		for _, resource := range slices.Concat(s.Resources, s.NotResources) {
			for _, spec := range append([]string{resource}, nextTo(resource)...) {
				for _, actions := range actionsAbout(s, spec) {
					list = w.say(list, i, actions, withValues(spec, w.values))
				}
			}
		}
	}
	list = w.say(list, -1, []string{"viewProject"}, "proj/*")
	list = w.say(list, -1, []string{"viewTeam"}, "team/*")
	slices.SortStableFunc(list, func(a, b candidate) int { return cmp.Compare(rankOf(a), rankOf(b)) })
	return list
}

// actionsAbout returns lists of actions that say something of a statement: all, its own, each of its
// own, and for what it leaves out those of the others that matter most.
func actionsAbout(s role.Statement, spec string) [][]string {
	lists := [][]string{{wildcard}, s.Actions, s.NotActions}
	if len(s.NotActions) > 0 || slices.Contains(s.Actions, wildcard) {
		lists = append(lists, otherActions(s.NotActions, spec), []string{"create*", "delete*", "update*"})
	}
	if len(s.Actions) > 1 {
		for _, a := range s.Actions {
			lists = append(lists, []string{a})
		}
	}
	return lists
}

// telling are the actions that stand for others where not all can be listed.
var telling = []string{
	"updateOn", "updateTargets", "updateRules", "updateFallthrough", "createFlag", "deleteFlag", "updateTags",
	"bypassRequiredApproval", "applyApprovalRequest", "reviewApprovalRequest", "createSegment", "updateIncluded",
	"createProject", "updateProjectName", "createEnvironment", "deleteEnvironment", "createRole", "updatePolicy",
}

// otherActions returns actions of the resources that the patterns do not match: those that matter
// most, else a few.
func otherActions(patterns []string, text string) []string {
	spec, err := policy.Parse(text)
	if err != nil {
		return nil
	}
	var all, most []string
	typ, _ := policy.DefaultCatalogue().Type(spec.Type())
	for _, a := range typ.Actions {
		if slices.ContainsFunc(patterns, func(p string) bool { return policy.MatchAction(p, a.Name) }) {
			continue
		}
		all = append(all, a.Name)
		if slices.Contains(telling, a.Name) {
			most = append(most, a.Name)
		}
	}
	if len(most) == 0 {
		return all[:min(len(all), 5)]
	}
	return most
}

// rankOf orders assertions by how much they say.
func rankOf(c candidate) int { return slices.Index([]string{Can, Cannot, CanSome}, c.form) }

// say adds the strongest assertion about some actions on a specifier.
func (w *writer) say(list []candidate, statement int, actions []string, spec string) []candidate {
	text := boxText(actions, spec)
	if text == "" || w.seen[text] {
		return list
	}
	w.seen[text] = true
	for _, form := range []string{Can, Cannot, CanSome} {
		if c, ok := w.candidate(form, text, statement); ok {
			return append(list, c)
		}
	}
	return list
}

// candidate returns an assertion if it is proved to hold and can be meant.
func (w *writer) candidate(form, text string, statement int) (candidate, bool) {
	box, ok := w.box(text)
	if !ok || !w.grant.holds(form, box) {
		return candidate{}, false
	}
	c := candidate{form: form, text: text, statement: statement, box: box, contains: w.within(text)}
	c.notices = make([]bool, len(w.mutants))
	for i := range w.mutants {
		c.notices[i] = w.notices(c, i)
	}
	return c, true
}

// within returns an evaluator that allows what is in a box.
func (w *writer) within(text string) *policy.Evaluator {
	actions, spec, _ := policy.ParseRequest(text) // has been read before
	sem := w.sem
	sem.ViewPrecondition = false
	allow := role.Statement{Effect: role.Allow, Actions: actions, Resources: []string{spec.String()}}
	return policy.NewEvaluator([]policy.Held{{Role: role.Role{Policy: []role.Statement{allow}}}}, sem)
}

// notices reports whether an assertion surely fails for a mutant. Of mistakes in the statement that it
// was found at, if at one, this is asked for certain; of others only by the requests that tell them
// from the role: there are many, and few that matter.
func (w *writer) notices(c candidate, mutant int) bool {
	if c.statement < 0 || w.mutants[mutant].Statement == c.statement {
		return w.mutated(mutant).fails(c.form, c.box)
	}
	return slices.ContainsFunc(w.differences[mutant], func(d *Witness) bool {
		counts := c.form == Cannot && d.Gained || c.form == Can && !d.Gained && !d.NeedsView
		return counts && c.contains.Allows(d.example.Request)
	})
}

// mutated returns what a mutant grants.
func (w *writer) mutated(mutant int) grant {
	if w.grants[mutant] == nil {
		g := w.sifter.grantOf(w.mutants[mutant].Role(), w.values)
		w.grants[mutant] = &g
	}
	return *w.grants[mutant]
}

// choose returns the fewest candidates, or nearly so, that together notice as much as all of them:
// the one that notices most of what is left, again and again, of equals the first.
func (w *writer) choose(list []candidate) []candidate {
	noticed := make([]bool, len(w.mutants))
	var chosen []candidate
	for {
		best, most := -1, 0
		for i, c := range list {
			if n := c.more(noticed); n > most {
				best, most = i, n
			}
		}
		if best < 0 {
			slices.SortStableFunc(chosen, func(a, b candidate) int { return a.statement - b.statement })
			return chosen
		}
		for i, does := range list[best].notices {
			noticed[i] = noticed[i] || does
		}
		chosen = append(chosen, list[best])
	}
}

// more counts what a candidate notices beside what is noticed already.
func (c candidate) more(noticed []bool) (n int) {
	for i, does := range c.notices {
		if does && !noticed[i] {
			n++
		}
	}
	return n
}

// addRefusal adds the first text that is refused, unless it stands there already.
func (w *writer) addRefusal(chosen []candidate, texts []string) []candidate {
	for _, text := range texts {
		if slices.ContainsFunc(chosen, func(c candidate) bool { return c.text == text }) {
			return chosen
		}
		if c, ok := w.candidate(Cannot, text, len(w.role.Policy)); ok {
			return append(chosen, c)
		}
	}
	return chosen
}

// unimplied leaves out what another candidate that is kept says already.
func unimplied(chosen []candidate) []candidate {
	for i := 0; i < len(chosen); i++ {
		rest := slices.Delete(slices.Clone(chosen), i, i+1)
		if slices.ContainsFunc(rest, func(other candidate) bool { return other.implies(chosen[i]) }) {
			chosen = rest
			i--
		}
	}
	return chosen
}

// implies reports whether it is proved that other holds wherever c does. No box is empty.
func (c candidate) implies(other candidate) bool {
	if other.form == CanSome {
		return c.form != Cannot && c.box.Within(other.box) == access.Yes
	}
	return c.form == other.form && other.box.Within(c.box) == access.Yes
}

// joined puts actions together that are all allowed, or all refused, on the same resources.
func joined(chosen []candidate) (list []candidate) {
	for _, c := range chosen {
		_, spec, _ := strings.Cut(c.text, " on ")
		i := slices.IndexFunc(list, func(other candidate) bool {
			return other.form == c.form && c.form != CanSome && strings.HasSuffix(other.text, " on "+spec)
		})
		if i < 0 {
			list = append(list, c)
			continue
		}
		list[i].text = boxText(slices.Concat(spokenOf(list[i].text), spokenOf(c.text)), spec)
	}
	return list
}

func spokenOf(text string) []string {
	actions, _, _ := strings.Cut(text, " on ")
	return strings.Split(actions, ", ")
}

// boxText returns "ACTIONS on SPECIFIER" with the actions that there are on such resources, "" if
// there are none.
func boxText(actions []string, text string) string {
	spec, err := policy.Parse(text)
	if err != nil {
		return ""
	}
	var known []string
	for _, a := range actions {
		if policy.DefaultCatalogue().MatchesAction(spec.Type(), a) && !slices.Contains(known, a) {
			known = append(known, a)
		}
	}
	box := strings.Join(known, ", ") + " on " + text
	if _, _, err := policy.ParseRequest(box); err != nil || len(known) == 0 {
		return ""
	}
	return box
}

// nextTo returns specifiers of resources that a slip would take in: another name for each that is
// said, and the environments on the other side of the line between critical and not. Where any
// project is meant, one that has no part in the role stands for most.
func nextTo(text string) (list []string) {
	spec, err := policy.Parse(text)
	if err != nil {
		return nil
	}
	list = besides(spec)
	if first := spec.Segments[0]; first.HasName && first.Name == wildcard {
		one := policy.Specifier{Segments: slices.Clone(spec.Segments)}
		one.Segments[0].Name = "another"
		list = append(append(list, one.String()), besides(one)...)
	}
	return list
}

// besides returns the specifiers that differ in one segment.
func besides(spec policy.Specifier) (list []string) {
	for i, segment := range spec.Segments {
		for _, other := range siblings(segment) {
			next := policy.Specifier{Segments: slices.Clone(spec.Segments)}
			next.Segments[i] = other
			list = append(list, next.String())
		}
	}
	return list
}

func siblings(s policy.Segment) (list []policy.Segment) {
	if s.HasName && s.Name != wildcard {
		other := s
		other.Name = "another"
		list = append(list, other)
	}
	if s.Type == "env" {
		for _, value := range []string{"true", "false"} {
			other := s
			other.Selectors = append(slices.DeleteFunc(slices.Clone(s.Selectors), isCritical), policy.Property{Name: "critical", Value: value})
			list = append(list, other)
		}
	}
	return list
}

func isCritical(s policy.Selector) bool {
	p, ok := s.(policy.Property)
	return ok && p.Name == "critical"
}
