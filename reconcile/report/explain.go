package report

import (
	"io"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
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

func explainText(r role.Role, d access.Description, undecided []string, o Options) *page {
	p := newPage(o)
	p.line(p.paint.as(bold, "role "+Terminal(item(r.Key))+" "+Terminal(quote(r.Name))))
	if len(d.Lines) == 0 && d.Exact && len(undecided) == 0 {
		p.line("  allows nothing")
		return p
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
	return p
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
