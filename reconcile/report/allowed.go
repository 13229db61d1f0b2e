package report

import (
	"io"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/lint"
)

// AllowedFinding is a finding that is meant, and who says so, in JSON.
type AllowedFinding struct {
	diag.Finding
	Reason string `json:"reason"`
	// Until is the last day on which it is allowed; "" is for ever.
	Until string `json:"until,omitempty"`
	// By is where it is allowed: a comment, or an element of lint.allow.
	By diag.Position `json:"by"`
}

func allowedFindings(allowed []lint.Allowed) (list []AllowedFinding) {
	for _, a := range allowed {
		list = append(list, AllowedFinding{a.Finding, a.By.Reason, a.By.Until, a.By.Pos})
	}
	return list
}

// Allowed draws the line that counts the findings that are meant, or nothing if there are none; with
// Verbose each of them, too. The error is the writer's.
func Allowed(w io.Writer, allowed []lint.Allowed, o Options) error {
	p := newPage(o)
	for _, a := range allowed {
		if !o.Verbose {
			break
		}
		until := ""
		if a.By.Until != "" {
			until = " until " + Terminal(a.By.Until)
		}
		p.line(p.paint.as(bold, Terminal(a.Pos.String())), ": allowed", until, ": ", Terminal(a.Message), p.paint.as(dim, " ["+Terminal(a.Code)+"]"))
		p.line("  ", p.paint.as(dim, "see "+Terminal(a.By.Pos.String())+":"), " ", Terminal(a.By.Reason))
	}
	if len(allowed) > 0 {
		p.line(p.paint.as(dim, count(len(allowed), "finding")+" allowed"))
	}
	return p.writeTo(w)
}
