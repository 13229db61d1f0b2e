package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Answers are what a question about people is answered with.
type Answers struct {
	Question string          `json:"question"` // "updateOn on proj/web:env/production:flag/*"
	Answers  []people.Answer `json:"answers"`
	// Source returns "file:line" of a statement of a role, "" where no file holds it.
	Source func(key string, statement int) string `json:"-"`
}

// PersonAnswer writes the answer for one member or team, as text or JSON, with what it rests on. The
// error is the writer's, or that f is no format of it.
func PersonAnswer(w io.Writer, a Answers, f Format, o Options) error {
	return answers(w, a, f, o, func(p *page) {
		for _, one := range a.Answers {
			p.personAnswer(a, one)
		}
	})
}

// WhoCan writes the answers for everybody, as text or JSON: who may do all of it, and part of it, and
// how they come to it; the others are counted, and listed if Options are verbose.
func WhoCan(w io.Writer, a Answers, f Format, o Options) error {
	return answers(w, a, f, o, func(p *page) { p.whoCan(a) })
}

func answers(w io.Writer, a Answers, f Format, o Options, draw func(*page)) error {
	switch f {
	case Text:
		p := newPage(o)
		draw(p)
		return p.writeTo(w)
	case JSON:
		_, err := w.Write(encodeJSON(struct {
			FormatVersion string `json:"formatVersion"`
			Complete      bool   `json:"complete"`
			Answers
		}{FormatVersion, true, a}))
		return err
	}
	return unknownFormat(f, Text, JSON)
}

var answerTones = map[string]tone{
	access.SaysYes: grants, access.SaysNo: takes, access.SaysPartly: edits, access.SaysUndecided: edits,
}

// personAnswer draws one answer: the verdict, then what it rests on.
func (p *page) personAnswer(a Answers, one people.Answer) {
	p.line(p.paint.as(answerTones[one.Answer], one.Answer), ": ", p.paint.as(bold, Terminal(one.Name())), ", ", Terminal(a.Question), invited(one))
	if one.Answer == access.SaysPartly {
		p.wrapped("  ", neutral, " ", "allowed, for example:", Terminal(one.Allowed))
		p.wrapped("  ", neutral, " ", "denied, for example:", Terminal(one.Denied))
	}
	for _, g := range slices.Concat(one.Grants, one.Stops) {
		p.wrapped("  ", dim, " · ", groundWords(a, g)...)
	}
	if one.Near != nil {
		p.wrapped("  ", dim, " · ", groundWords(a, *one.Near)...)
	}
	for _, n := range one.Notes {
		p.wrapped("  ", dim, " ", "note:", Terminal(n))
	}
}

func invited(a people.Answer) string {
	if a.Pending {
		return " (invited, has not accepted yet)"
	}
	return ""
}

// groundWords says of a statement what it says, in which role, how the role is held and where it
// stands.
func groundWords(a Answers, g people.Ground) []string {
	words := []string{Terminal(g.Text)}
	if g.Path.Role == "" {
		return words
	}
	words = append(words, pathWords(g.Path))
	if where := a.where(g); where != "" {
		words = append(words, Terminal(where))
	}
	return words
}

func (a Answers) where(g people.Ground) string {
	if a.Source == nil || g.Path.Base || g.Statement < 0 {
		return ""
	}
	return a.Source(g.Path.Role, g.Statement)
}

// pathWords says how somebody holds a role: "role developer (projects=web) through team checkout".
func pathWords(path people.Path) string {
	words := "role " + Terminal(item(path.Role))
	if path.Base {
		words = "base role " + Terminal(item(path.Role))
	}
	if len(path.Attributes) > 0 {
		words += " (" + attributeWords(path.Attributes) + ")"
	}
	if path.Team != "" {
		words += " through team " + Terminal(item(path.Team))
	}
	return words
}

// attributeWords lists role attributes with their values, by name.
func attributeWords(a role.Attributes) string {
	var words []string
	for name, values := range a.Normal() {
		words = append(words, Terminal(name)+"="+Terminal(strings.Join(values, ",")))
	}
	slices.Sort(words)
	return strings.Join(words, " ")
}

// whoCan draws the groups, those who may do most first.
func (p *page) whoCan(a Answers) {
	p.line("Who can ", p.paint.as(bold, Terminal(a.Question)), "?\n")
	any := false
	for _, group := range []struct{ answer, title string }{
		{access.SaysYes, "All of it"}, {access.SaysPartly, "Part of it"}, {access.SaysUndecided, "Undecided"},
	} {
		some := answering(a.Answers, group.answer)
		if len(some) == 0 {
			continue
		}
		any = true
		p.line(p.paint.as(bold, group.title), ": ", crowd(some))
		p.sameWay(a, some)
		p.line()
	}
	none := answering(a.Answers, access.SaysNo)
	switch {
	case len(a.Answers) == 0:
		p.line("Nobody: the account has no members and no teams.")
	case !any:
		p.line("Nobody: ", crowd(none), " ", was(len(none), "was", "were"), " looked at.")
	case len(none) > 0:
		p.line(p.paint.as(bold, "None of it"), ": ", crowd(none))
	}
	if p.o.Verbose {
		for _, one := range none {
			p.line("  ", Terminal(one.Name()), invited(one))
		}
	}
}

func answering(all []people.Answer, answer string) []people.Answer {
	return slices.DeleteFunc(slices.Clone(all), func(a people.Answer) bool { return a.Answer != answer })
}

// crowd counts members and teams.
func crowd(all []people.Answer) string {
	members, teams := 0, 0
	for _, a := range all {
		if a.Team != "" {
			teams++
		} else {
			members++
		}
	}
	return tallied(tally{members, plural(members, "member")}, tally{teams, plural(teams, "team")})
}

// ways says how somebody comes to what they may do.
func ways(a Answers, one people.Answer) []string {
	var words []string
	for _, g := range one.Grants {
		way := Terminal(g.Text)
		if g.Path.Role != "" {
			way = pathWords(g.Path)
		}
		if g.Path.Role != "" && g.Statement >= 0 {
			way += fmt.Sprintf(", statement %d", g.Statement+1)
		}
		if where := a.where(g); where != "" {
			way += " (" + Terminal(where) + ")"
		}
		words = append(words, way)
	}
	if one.Answer == access.SaysPartly && one.Allowed != "" {
		words = append(words, "e.g. "+Terminal(one.Allowed))
	}
	return words
}

// sameWay draws those who come to it in the same way under that way.
func (p *page) sameWay(a Answers, some []people.Answer) {
	var order []string
	byWay := map[string][]people.Answer{}
	for _, one := range some {
		way := strings.Join(ways(a, one), "\x00")
		if byWay[way] == nil {
			order = append(order, way)
		}
		byWay[way] = append(byWay[way], one)
	}
	for _, way := range order {
		var names []string
		group := byWay[way]
		show := p.o.fold(len(group))
		for _, one := range group[:show] {
			names = append(names, Terminal(one.Name())+invited(one))
		}
		if left := len(group) - show; left > 0 {
			names = append(names, fmt.Sprintf("and %d more (--verbose lists all)", left))
		}
		p.wrapped("  ", neutral, ", ", names...)
		p.wrapped("      ", dim, " · ", strings.Split(way, "\x00")...)
	}
}
