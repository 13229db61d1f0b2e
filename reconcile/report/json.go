package report

import (
	"bytes"
	"encoding/json"
	"io"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/lint"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// FormatVersion is the version of the JSON documents of this package.
const FormatVersion = "1.0"

// Document is the JSON of a run that has neither a plan nor a result to show: one that only looked
// at files, or one that stopped before it had either.
type Document struct {
	FormatVersion string `json:"formatVersion"`
	// Complete is false if the run could not finish, so that findings may be missing.
	Complete   bool            `json:"complete"`
	ExitReason plan.ExitReason `json:"exitReason"`
	// Error says why the run stopped; "" if it did not.
	Error    string         `json:"error,omitempty"`
	Hints    []string       `json:"hints,omitempty"`
	Findings []diag.Finding `json:"findings"`
	// Allowed are the findings that the files say are meant. Summary does not count them.
	Allowed []AllowedFinding `json:"allowed,omitempty"`
	Summary FindingCount     `json:"summary"`
}

// FindingCount counts findings by severity.
type FindingCount struct {
	Errors   int `json:"errors"`
	Warnings int `json:"warnings"`
	Infos    int `json:"infos"`
}

func countFindings(findings []diag.Finding) FindingCount {
	return FindingCount{
		Errors:   diag.Count(findings, diag.Error),
		Warnings: diag.Count(findings, diag.Warning),
		Infos:    diag.Count(findings, diag.Info),
	}
}

// FindingsJSON writes the document of a run that looked at every file and ended for reason. The
// error is the writer's.
func FindingsJSON(w io.Writer, findings []diag.Finding, reason plan.ExitReason, allowed ...lint.Allowed) error {
	_, err := w.Write(document(Document{Complete: true, ExitReason: reason, Findings: findings, Allowed: allowedFindings(allowed)}))
	return err
}

// FailureJSON returns the document of a run that stopped for reason before it had a plan or a
// result to show; the findings are those that stopped it, if any did.
func FailureJSON(reason plan.ExitReason, err error, hints []string, findings []diag.Finding) []byte {
	return document(Document{ExitReason: reason, Error: err.Error(), Hints: hints, Findings: findings})
}

func document(d Document) []byte {
	d.FormatVersion = FormatVersion
	d.Summary = countFindings(d.Findings)
	if d.Findings == nil {
		d.Findings = []diag.Finding{}
	}
	return encodeJSON(d)
}

// encodeJSON writes v, indented, with a line feed at the end. See
// [diag.InertJSON].
func encodeJSON(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		panic("report: a document is plain data and always encodes: " + err.Error())
	}
	return diag.InertJSON(b.Bytes())
}
