package report

import (
	"fmt"
	"io"

	"github.com/rolewright/rolewright/reconcile/plan"
)

// standing is the JSON of a saved plan that was found to hold still.
type standing struct {
	FormatVersion string          `json:"formatVersion"`
	Tool          string          `json:"tool"`
	Complete      bool            `json:"complete"`
	ExitReason    plan.ExitReason `json:"exitReason"`
	Target        plan.Target     `json:"target"`
	PlanHash      string          `json:"planHash"`
	Summary       plan.Summary    `json:"summary"`
}

// Holds says of a saved plan that it would still apply. The error is the writer's, or that f is no
// format of that.
func Holds(w io.Writer, p *plan.Plan, f Format, o Options) error {
	switch f {
	case Text:
		page := newPage(o)
		page.line(page.paint.as(bold, "The plan holds."), " ", wouldDo(p))
		return page.writeTo(w)
	case JSON:
		_, err := w.Write(encodeJSON(standing{FormatVersion, p.Tool, true, "ok", p.Target, p.PlanHash, p.Summary}))
		return err
	}
	return unknownFormat(f, Text, JSON)
}

func wouldDo(p *plan.Plan) string {
	s := p.Summary
	if s.Total() == 0 {
		return "It has no changes, and there are none to make."
	}
	return fmt.Sprintf("Applied now it would do what it says: %s.", tallied(
		tally{s.Create, "to create"}, tally{s.Update, "to update"}, tally{s.Delete, "to delete"}, tally{s.Replace, "to replace"},
		tally{s.Teams, plural(s.Teams, "team") + " to change"}, tally{s.Members, plural(s.Members, "member") + " to change"},
	))
}
