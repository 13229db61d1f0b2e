package report

import (
	"io"

	"github.com/rolewright/rolewright/reconcile/access"
)

// Replies writes the answers to a question about access, as text or JSON. The error is the
// writer's, or that f is no format of an answer.
func Replies(w io.Writer, replies []access.Reply, f Format, o Options) error {
	switch f {
	case Text:
		page := newPage(o)
		for _, r := range replies {
			page.reply(r)
		}
		return page.writeTo(w)
	case JSON:
		_, err := w.Write(encodeJSON(struct {
			FormatVersion string         `json:"formatVersion"`
			Complete      bool           `json:"complete"`
			Replies       []access.Reply `json:"replies"`
		}{FormatVersion, true, replies}))
		return err
	}
	return unknownFormat(f, Text, JSON)
}

// reply draws one answer: the verdict, then what it rests on.
func (p *page) reply(r access.Reply) {
	tones := map[string]tone{access.SaysYes: grants, access.SaysNo: takes, access.SaysPartly: edits, access.SaysUndecided: edits}
	p.line(p.paint.as(tones[r.Answer], r.Answer), ": ", p.paint.as(bold, Terminal(r.Question)))
	if r.Answer == access.SaysPartly {
		p.wrapped("  ", neutral, " ", "allowed, for example:", Terminal(r.Allowed))
		p.wrapped("  ", neutral, " ", "denied, for example:", Terminal(r.Denied))
	}
	for _, c := range r.Because {
		p.wrapped("  ", dim, " · ", Terminal(c.Text), Terminal(c.Source))
	}
	if r.Near != nil {
		p.wrapped("  ", dim, " · ", "nearest: "+Terminal(r.Near.Text), Terminal(r.Near.Source))
	}
	for _, n := range r.Notes {
		p.wrapped("  ", dim, " ", "note:", Terminal(n))
	}
}
