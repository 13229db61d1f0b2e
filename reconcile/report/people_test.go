package report_test

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
	"github.com/rolewright/rolewright/reconcile/role"
)

func through(key, team string, statement int) people.Ground {
	g := people.Ground{Path: people.Path{Role: key, Team: team}, Statement: statement, Text: fmt.Sprintf("statement %d allows updateOn", statement+1)}
	if team != "" {
		g.Path.Attributes = role.Attributes{"projects": {"web", "checkout"}, "env": {"test"}}
	}
	return g
}

// askedPeople are answers of every kind: members, teams, invitations, grounds of every sort.
func askedPeople() report.Answers {
	member := func(email, answer string, grants ...people.Ground) people.Answer {
		return people.Answer{Who: people.Who{Email: email}, Answer: answer, Grants: grants, Notes: list()}
	}
	base := people.Ground{Path: people.Path{Role: "admin", Base: true}, Statement: -1, Text: "base permissions allow everything"}
	partly := member("di@example.com", access.SaysPartly, through("developer", "web", 1))
	partly.Allowed, partly.Denied = "updateOn on proj/web:env/test:flag/any-flag", "updateOn on proj/web:env/production:flag/any-flag"
	partly.Stops = []people.Ground{{Path: people.Path{Role: "four-eyes"}, Statement: 2, Text: "statement 3 denies updateOn"}}
	partly.Stops = append(partly.Stops,
		people.Ground{Path: people.Path{Role: "operator"}, Statement: -1, Text: "base permissions allow nothing"},
		people.Ground{Path: people.Path{Role: "admin", Base: true}, Text: "statement 1 says nothing of it"})
	partly.Notes = list("role attribute env has no value")
	invited := member("ed@example.com", access.SaysYes, through("operator", "", 0))
	invited.Pending = true
	undecided := member("fa@example.com", access.SaysUndecided)
	undecided.Notes = list(`team "ghosts" is not known`)
	no := member("gu@example.com", access.SaysNo)
	no.Stops = []people.Ground{{Statement: -1, Text: "no role allows updateOn"}}
	no.Near = &people.Ground{Path: people.Path{Role: "reader-of-flags"}, Statement: 4, Text: "statement 5 allows viewProject"}
	later := member("ha@example.com", access.SaysNo)
	later.Pending = true
	a := report.Answers{
		Question: "updateOn on proj/web:env/*:flag/*",
		Answers: []people.Answer{
			member("ana@example.com", access.SaysYes, through("operator", "", 0), through("developer", "web", 1)),
			member("bo@example.com", access.SaysYes, base), invited,
			{Who: people.Who{Team: "web"}, Answer: access.SaysYes, Grants: []people.Ground{through("developer", "web", 1)}, Notes: list()},
			partly, undecided, no, later,
			{Who: people.Who{Team: "idle"}, Answer: access.SaysNo, Notes: list()},
		},
		Source: func(key string, statement int) string {
			return map[string]string{"operator0": "roles/operator.yaml:9", "developer1": "roles/developer.yaml:14", "admin0": "never", "operator-1": "never", "reader-of-flags4": "roles/readers.yaml:30"}[fmt.Sprint(key, statement)]
		},
	}
	for i := range 13 {
		a.Answers = append(a.Answers, member(fmt.Sprintf("same-%02d@example.com", i), access.SaysYes, through("everybody", "all", 0)))
	}
	return a
}

// nobodyMay is askedPeople without all who may something.
func nobodyMay() report.Answers {
	a := askedPeople()
	a.Answers = a.Answers[6:9]
	return a
}

// effects are of every kind: known in words, by example, undecided, invited, fallen back.
func effects() []plan.MemberEffect {
	return []plan.MemberEffect{
		{Email: "ana@example.com", Verdict: access.Gains, Gained: list("updateOn on proj/web:env/*:flag/*"), Lost: list()},
		{Email: "bo@example.com", Verdict: access.Loses, Gained: list(), Lost: list("a on b", "c on d", "e on f", "g on h", "i on j", "k on l", "m on n", "o on p", "q on r", "s on t", "u on v", "w on x"), FallsBack: "reader"},
		{
			Email: "cy@example.com", Pending: true, Verdict: access.Both, Gained: list(longLine(), "updateOff on proj/web:env/test:flag/*"),
			Lost: list("viewProject on proj/web"), Notes: list("role attribute env has no value", "team \"ghosts\" is not known"),
		},
		{Email: "di@example.com", Verdict: access.Unsure, Gained: list(), Lost: list()},
	}
}

func longLine() string {
	return "every action but " + strings.Join(longActions(), ", ") + " on proj/*:env/*:segment/* except proj/web:env/production:segment/*"
}

// concernedPlan is a small plan that concerns those and n more.
func concernedPlan(n int) *plan.Plan {
	p := causedPlan()
	p.People = &plan.Concerned{Members: 57 + n, Holders: 12, Gain: 1 + n, Lose: 1, Both: 1, Undecided: 1, Effects: effects()}
	for i := range n {
		p.People.Effects = append(p.People.Effects, plan.MemberEffect{
			Email: fmt.Sprintf("member-%04d@example.com", i), Verdict: access.Gains, Gained: list("updateOn on proj/web:env/*:flag/*", "x on y"), Lost: list(),
		})
	}
	return p
}

func TestAnswersGolden(t *testing.T) {
	none := report.Answers{Question: "updateOn on proj/web:env/test:flag/x", Answers: []people.Answer{}}
	alone := nobodyMay()
	alone.Answers = alone.Answers[:1]
	for name, a := range map[string]report.Answers{
		"can": askedPeople(), "can-none": nobodyMay(), "can-alone": alone, "can-empty": none,
	} {
		for _, f := range []report.Format{report.Text, report.JSON} {
			golden(t, "who-"+name+suffix[f], func(w io.Writer) error { return report.WhoCan(w, a, f, report.Options{}) })
		}
		golden(t, "who-"+name+"-verbose.txt", func(w io.Writer) error { return report.WhoCan(w, a, report.Text, report.Options{Verbose: true}) })
	}
	golden(t, "who-can-color.txt", func(w io.Writer) error {
		return report.WhoCan(w, askedPeople(), report.Text, report.Options{Color: true, Width: 60})
	})
	one := askedPeople()
	one.Answers = one.Answers[:9]
	golden(t, "person-answers.txt", func(w io.Writer) error { return report.PersonAnswer(w, one, report.Text, report.Options{}) })
	golden(t, "person-answers-narrow.txt", func(w io.Writer) error {
		return report.PersonAnswer(w, one, report.Text, report.Options{Width: 40, Color: true})
	})
	one.Source = nil
	golden(t, "person-answers-offline.txt", func(w io.Writer) error { return report.PersonAnswer(w, one, report.Text, report.Options{}) })
}

func TestConcernedGolden(t *testing.T) {
	for name, p := range map[string]*plan.Plan{"concerned": concernedPlan(0), "concerned-many": concernedPlan(30)} {
		for what, o := range map[string]report.Options{"": {}, "-verbose": {Verbose: true}, "-narrow": {Width: 50, Color: true}} {
			golden(t, name+what+".txt", func(w io.Writer) error { return part(w, p, report.Text, o) })
		}
		golden(t, name+".md", func(w io.Writer) error { return part(w, p, report.Markdown, report.Options{}) })
		golden(t, name+"-verbose.md", func(w io.Writer) error { return part(w, p, report.Markdown, report.Options{Verbose: true}) })
	}
}

// part draws only what is said of people.
func part(w io.Writer, p *plan.Plan, f report.Format, o report.Options) error {
	var all strings.Builder
	if err := report.Plan(&all, p, f, o); err != nil {
		return err
	}
	begin, end := "People", "\n\n"
	if f == report.Markdown {
		begin, end = "<details><summary><b>People</b>", "</details>"
	}
	_, said, found := strings.Cut(all.String(), begin)
	said, _, ended := strings.Cut(said, end)
	if !found || !ended {
		return fmt.Errorf("nothing is said of people:\n%s", all.String())
	}
	_, err := io.WriteString(w, begin+said+"\n")
	return err
}

// TestConcernedInWords: numbers agree with their verbs, and nobody is not left unsaid.
func TestConcernedInWords(t *testing.T) {
	for _, tt := range []struct {
		c    plan.Concerned
		want string
	}{
		{plan.Concerned{Members: 1}, "nobody gains or loses access, of 1 member; nobody holds a changed role"},
		{plan.Concerned{Members: 1, Holders: 1, Gain: 1}, "1 gains access, of 1 member; 1 holds a changed role"},
		{plan.Concerned{Members: 9, Holders: 2, Gain: 2, Lose: 3, Both: 4, Undecided: 5}, "2 gain access, 3 lose access, 4 gain and lose access, 5 are undecided, of 9 members; 2 hold a changed role"},
		{plan.Concerned{Members: 9, Lose: 1, Both: 1, Undecided: 1}, "1 loses access, 1 gains and loses access, 1 is undecided, of 9 members; nobody holds a changed role"},
	} {
		p := causedPlan()
		p.People = &tt.c
		for _, f := range []report.Format{report.Text, report.Markdown} {
			var b strings.Builder
			if err := report.Plan(&b, p, f, report.Options{}); err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(b.String(), tt.want) {
				t.Errorf("no %q in\n%s", tt.want, b.String())
			}
		}
	}
	empty := causedPlan()
	empty.People = &plan.Concerned{}
	var b strings.Builder
	if err := report.Plan(&b, empty, report.Text, report.Options{}); err != nil || strings.Contains(b.String(), "People: ") {
		t.Errorf("a plan for an account of nobody speaks of people (%v)", err)
	}
	b.Reset()
	if err := report.Plan(&b, causedPlan(), report.Text, report.Options{}); err != nil || strings.Contains(b.String(), "People: ") {
		t.Errorf("a plan that was not asked speaks of people (%v)", err)
	}
}

// TestConcernedFits: whatever the budget, a page that concerns thousands fits, has all counts, and
// names no more people as it shrinks than it says.
func TestConcernedFits(t *testing.T) {
	const counts = "3001 gain access, 1 loses access, 1 gains and loses access, 1 is undecided, of 3057 members; 12 hold a changed role"
	for _, s := range append([]string{"", strings.Repeat("x`é", 5_000)}, report.Hostile()...) {
		p := concernedPlan(3_000)
		if s != "" {
			poison(p.People, s, false)
		}
		for _, budget := range []int{report.LeastBudget, 9_000, 20_000, 65_000, 1 << 20} {
			page := report.Comment(p, pullRequest(), budget)
			if len(page) > budget || !strings.Contains(page, counts) {
				t.Errorf("%.20q: %d bytes of %d, counts %t", s, len(page), budget, strings.Contains(page, counts))
			}
			checkText(t, page)
			skeleton(t, page)
			if s != "" {
				continue
			}
			named, left := strings.Count(page, "@example.com`"), 0
			if _, rest, found := strings.Cut(page, "- and "); found {
				fmt.Sscanf(rest, "%d more member", &left)
			}
			if folded := strings.Contains(page, "<b>People</b>"); folded && named+left != 3_004 || !folded && named+left != 0 {
				t.Errorf("%d bytes: %d named, %d more", budget, named, left)
			}
		}
	}
}

// TestAnswersAreInert: nothing of an account acts on a terminal.
func TestAnswersAreInert(t *testing.T) {
	for _, s := range report.Hostile() {
		for _, o := range []report.Options{{Color: true, Verbose: true}, {Width: 40}} {
			a := askedPeople()
			names := a.Answers
			poison(&names, s, false)
			for i := range names {
				names[i].Answer = askedPeople().Answers[i].Answer
				for j := range names[i].Grants {
					names[i].Grants[j].Path.Attributes = role.Attributes{s: {s, s}, s + "2": {}}
				}
			}
			a.Question, a.Source = s, func(string, int) string { return s }
			for name, draw := range map[string]func(io.Writer, report.Answers, report.Format, report.Options) error{"one": report.PersonAnswer, "all": report.WhoCan} {
				var text, doc strings.Builder
				if err := draw(&text, a, report.Text, o); err != nil {
					t.Fatal(err)
				}
				checkText(t, text.String())
				if err := draw(&doc, a, report.JSON, o); err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				checkJSONText(t, []byte(doc.String()))
				checkCommands(t, doc.String(), 0)
			}
		}
	}
}

// TestAnswersRefuse: a format that is none of them, and a writer that fails.
func TestAnswersRefuse(t *testing.T) {
	for name, draw := range map[string]func(io.Writer, report.Answers, report.Format, report.Options) error{"one": report.PersonAnswer, "all": report.WhoCan} {
		if err := draw(io.Discard, askedPeople(), report.Markdown, report.Options{}); err == nil || !strings.Contains(err.Error(), "markdown") {
			t.Errorf("%s: %v", name, err)
		}
		for _, f := range []report.Format{report.Text, report.JSON} {
			r, w := io.Pipe()
			r.Close()
			if err := draw(w, askedPeople(), f, report.Options{}); err == nil {
				t.Errorf("%s as %s: nobody noticed that nothing was written", name, f)
			}
		}
	}
}
