package access

import (
	"cmp"
	"slices"
	"strings"
	"sync"
)

// How a region is put into words
//
// A region is what is left of two policies taken from each other, and people read it best in the
// words that the policies use. So a line is made of patterns that stand there: for each action and
// kind, a request of the region that no line has yet is taken, and around it the widest set that a
// specifier (or the whole kind) less a few others gives is looked for that still lies in the
// region. If a request disproves that a set lies in the region, then one of the specifiers tells
// it from the one it began with, and is taken in, or out: the policies see nothing but their
// specifiers. So the search ends, and fails only where the budget does. That goes on until nothing
// is left. In the end the lines as they are written are read again and compared with the region.

// DefaultDescribeSteps bounds one description to about a tenth of a second.
const DefaultDescribeSteps = 4_000_000

// maxLines bounds a description. More than that nobody reads.
const maxLines = 50

// A Line is some requests of a region: those with an action that Actions match and AllBut do not,
// on what one of Resources and all of Also match and none of Except do. Every request of a line is
// in the region: that is proved.
//
// Resources are specifiers. Two more forms stand for what no specifier says: "*" is every
// resource, and "proj/web:*/*" everything that lies in the project, of whatever type.
type Line struct {
	Actions   []string `json:"actions"`
	AllBut    []string `json:"allBut,omitempty"`
	Resources []string `json:"resources"`
	// Also is empty but where two patterns cannot be written as one, as a role attribute and a
	// key. A line that has it must not be shown without it.
	Also   []string `json:"also,omitempty"`
	Except []string `json:"except"`
	// Example is a request of the line that has been put to the evaluator, empty if the budget
	// did not suffice. Where says with which role attributes it is one.
	Example string `json:"example"`
	Where   string `json:"where,omitempty"`
	// NewActions says that the line has actions that the catalogue does not know.
	NewActions bool `json:"newActions"`
	// Critical says that some of it lies in critical environments.
	Critical bool `json:"critical,omitempty"`
	// Wide says what the line means for those of its actions that must be allowed in every
	// environment of the project. It is nil if there are none, and outside of DescribeChange.
	Wide *Wide `json:"wide,omitempty"`
	// Because are the statements that are responsible, once they are asked for: BlameGain.
	Because []Blame `json:"because"`

	region Region
	rank   rank
}

// Region returns the requests of the line.
func (l Line) Region() Region { return l.region }

// String returns the line in words: "updateOn, updateTargets on proj/web:env/*:flag/* except
// proj/web:env/production:flag/*;pci".
func (l Line) String() string {
	text := actionText(l.Actions, l.AllBut) + " on " + resourceText(l.Resources)
	if len(l.Also) > 0 {
		text += " that also match " + strings.Join(l.Also, " and ")
	}
	if len(l.Except) > 0 {
		text += " except " + resourceText(l.Except)
	}
	return text
}

func actionText(actions, allBut []string) string {
	text := strings.Join(actions, ", ")
	if text == "*" {
		text = "every action"
	}
	if len(allBut) > 0 {
		text += " but " + strings.Join(allBut, ", ")
	}
	return text
}

func resourceText(terms []string) string {
	words := make([]string, len(terms))
	for i, t := range terms {
		words[i] = t
		if project, all := strings.CutSuffix(t, insideSuffix); all {
			words[i] = "everything in " + project
		}
		if t == "*" {
			words[i] = "every resource (account, roles, members and teams included)"
		}
	}
	return strings.Join(words, ", ")
}

// A Description is a region in words.
type Description struct {
	// Lines stand in the order of what they put at risk.
	Lines []Line `json:"lines"`
	// Exact says that the lines together are proved to be the region. If not, the region has
	// more, or may have: Rest is a request of what is left, or empty if none was found.
	Exact bool   `json:"exact"`
	Rest  string `json:"rest,omitempty"`
}

// A describer makes one description.
type describer struct {
	prover
	target  map[string]ref // the region, by kind
	proof   proof
	kinds   []string
	words   func() []term // the vocabulary, read if it is needed
	lines   []draft
	coverer map[string]*coverer
	// met has, for action patterns that stand for what others have in common, these together.
	met map[string]ref
}

// A draft is a line before it is shown.
type draft struct {
	kinds             []string // it reaches, "*" and "proj:*" for all
	actions, allBut   []string
	terms, also, less []term
}

// Describe puts a region into the words that the policies of the subjects use: those that the
// region was made of, the newer first. Budget bounds the work, zero is DefaultDescribeSteps; as it
// counts steps and no time, the same questions in the same order have the same answers.
func (e *Engine) Describe(r Region, budget Budget, vocabulary ...Subject) Description {
	return e.describe(r, budget, sync.OnceValue(func() []term { return e.vocabulary(vocabulary) }))
}

// forDescription returns the steps of a budget for a description.
func (b Budget) forDescription() int {
	if b.Steps <= 0 {
		return DefaultDescribeSteps
	}
	return b.Steps
}

func (e *Engine) describe(r Region, budget Budget, words func() []term) Description {
	e.steps = budget.forDescription()
	kept := e.steps / 4 // is kept for the proof
	e.steps -= kept
	d := &describer{
		prover: newProver(e), target: r.formulas, proof: r.proof, kinds: kindsIn(r),
		words: words, coverer: map[string]*coverer{}, met: map[string]ref{},
	}
	d.describeAll(r)
	d.merge()
	e.steps = max(e.steps, 0) + kept
	return d.finish(r)
}

// describeAll begins with the kinds that stand for all others, since their lines say much about
// the named ones too.
func (d *describer) describeAll(r Region) {
	for _, kind := range []string{otherKind, otherInProject} {
		before := len(d.lines)
		if _, reached := d.target[kind]; reached {
			d.describeKind(r, kind)
		}
		for i := before; i < len(d.lines); i++ {
			d.narrow(r, &d.lines[i], kind)
		}
	}
	for _, kind := range d.kinds {
		if kind != otherKind && kind != otherInProject {
			d.describeKind(r, kind)
		}
	}
}

// said returns the requests on a kind that the lines have.
func (d *describer) said(kind string) ref {
	var parts []ref
	for i := range d.lines {
		parts = append(parts, d.at(&d.lines[i], kind))
	}
	return d.or(parts...)
}

// at returns the requests of a line on a kind.
func (d *describer) at(l *draft, kind string) ref {
	parts := []ref{d.actionsOf(l), d.oneOf(l.terms, kind), d.oneOf(l.less, kind).not()}
	for _, t := range l.also {
		parts = append(parts, d.termAt(t, kind))
	}
	return d.and(parts...)
}

func (d *describer) oneOf(terms []term, kind string) ref {
	var parts []ref
	for _, t := range terms {
		parts = append(parts, d.termAt(t, kind))
	}
	return d.or(parts...)
}

// narrow takes out of a line, which was made for all unnamed kinds, what the region does not have
// of the named ones.
func (d *describer) narrow(r Region, l *draft, from string) {
	kinds := slices.Clone(d.kinds)
	slices.SortStableFunc(kinds, func(a, b string) int { // "proj:*" settles all that lies in it
		return cmp.Compare(b2i(a != otherInProject), b2i(b != otherInProject))
	})
	for _, kind := range kinds {
		if kind == from {
			continue
		}
		over := d.minus(d.at(l, kind), r.at(kind))
		if d.holdsNothing(kind, over) == Yes {
			continue
		}
		if less, found := d.coverFor(kind).separate(over, d.and(d.actionsOf(l), r.at(kind))); found {
			l.less = append(l.less, less...)
		} else {
			l.less = append(l.less, wholeOf(kind))
		}
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// merge puts lines together that differ in their resources only and are of the same weight.
func (d *describer) merge() {
	var list []draft
	index := map[string]int{}
	for _, l := range d.lines {
		name := l.mergeName()
		if at, found := index[name]; found && name != "" {
			list[at].terms = append(list[at].terms, l.terms...)
			list[at].kinds = append(list[at].kinds, l.kinds...)
			continue
		}
		index[name] = len(list)
		list = append(list, l)
	}
	d.lines = list
}

// mergeName is the same for lines that can be merged.
func (l *draft) mergeName() string {
	if len(l.also) > 0 || l.terms[0].kind == otherKind || l.terms[0].kind == otherInProject {
		return "" // stays alone
	}
	less := slices.Sorted(slices.Values(termTexts(l.less)))
	kind := ""
	if len(less) > 0 {
		kind = l.kinds[0]
	}
	weight := string(rune('0' + kindWeight(l.kinds[0])))
	return strings.Join(l.actions, ",") + "\x00" + strings.Join(l.allBut, ",") + "\x00" + strings.Join(less, " ") + "\x00" + kind + weight
}
