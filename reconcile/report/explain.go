package report

import (
	"io"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/people"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Explain writes what a role allows, as text or JSON. The error is the writer's, or that f is no
// format of it.
func Explain(w io.Writer, r role.Role, d access.Description, open []access.Question, f Format, o Options) error {
	undecided := []string{}
	for _, q := range open {
		undecided = append(undecided, q.Why)
	}
	switch f {
	case Text:
		return explainText(r, d, undecided, o).writeTo(w)
	case JSON:
		_, err := w.Write(encodeJSON(struct {
			FormatVersion string             `json:"formatVersion"`
			Complete      bool               `json:"complete"`
			Role          string             `json:"role"`
			Allows        access.Description `json:"allows"`
			Undecided     []string           `json:"undecided"`
		}{FormatVersion, true, r.Key, d, undecided}))
		return err
	}
	return unknownFormat(f, Text, JSON)
}

// ExplainHolder writes which roles somebody holds and all that they may do by them, as text or JSON.
// The error is the writer's, or that f is no format of it.
func ExplainHolder(w io.Writer, who people.Who, e people.Effect, f Format, o Options) error {
	undecided := []string{}
	for _, q := range e.Undecided {
		undecided = append(undecided, q.Why)
	}
	switch f {
	case Text:
		return holderText(who, e, undecided, o).writeTo(w)
	case JSON:
		_, err := w.Write(encodeJSON(struct {
			FormatVersion string `json:"formatVersion"`
			Complete      bool   `json:"complete"`
			people.Who
			Holds     []people.Path      `json:"holds"`
			Allows    access.Description `json:"allows"`
			Undecided []string           `json:"undecided"`
			Notes     []string           `json:"notes"`
		}{FormatVersion, true, who, e.After, e.Gained.Description, undecided, e.Notes}))
		return err
	}
	return unknownFormat(f, Text, JSON)
}

func holderText(who people.Who, e people.Effect, undecided []string, o Options) *page {
	p := newPage(o)
	p.line(p.paint.as(bold, Terminal(who.Name())))
	for _, path := range e.After {
		if who.Team == "" || !path.Base {
			p.wrapped("  ", dim, " ", "holds", pathWords(path))
		}
	}
	p.allowances(e.Gained.Description, undecided)
	for _, n := range e.Notes {
		p.wrapped("  ", dim, " ", "note:", Terminal(n))
	}
	return p
}

func explainText(r role.Role, d access.Description, undecided []string, o Options) *page {
	p := newPage(o)
	p.line(p.paint.as(bold, "role "+Terminal(item(r.Key))+" "+Terminal(quote(r.Name))))
	p.allowances(d, undecided)
	return p
}

// allowances draws everything that is allowed, and what could not be found out.
func (p *page) allowances(d access.Description, undecided []string) {
	if len(d.Lines) == 0 && d.Exact && len(undecided) == 0 {
		p.line("  allows nothing")
		return
	}
	for _, l := range d.Lines {
		p.allowance(l)
	}
	if !d.Exact {
		p.wrapped("  ", edits, ", ", "more than these lines say", asExample(d.Rest))
	}
	for _, why := range undecided {
		p.wrapped("  ", edits, " ", "undecided:", Terminal(why))
	}
}

// allowance draws one line of what a role allows.
func (p *page) allowance(l access.Line) {
	r := row{mark: '+', tone: grants, label: "allows", words: strings.Fields(Terminal(l.String())), sep: " "}
	for _, text := range r.lines("  ", p.o.width()) {
		p.line(p.paint.as(grants, strings.TrimRight(text, " ")))
	}
	if l.Wide != nil && l.Wide.Reach != access.Alone {
		for _, r := range wideRows(l.Wide) {
			for _, text := range r.lines("  ", p.o.width()) {
				p.line(p.paint.as(r.tone, strings.TrimRight(text, " ")))
			}
		}
	}
	if l.NewActions {
		p.line("  ", p.paint.as(dim, strings.Repeat(" ", labelColumns+2)+"and actions of that form that LaunchDarkly will add"))
	}
}

// asExample returns "as REQUEST", or nothing where there is none.
func asExample(request string) string {
	if request == "" {
		return ""
	}
	return "as " + Terminal(request)
}
