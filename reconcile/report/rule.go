package report

import (
	"io"

	"github.com/rolewright/rolewright/reconcile/lint"
)

// RuleDocument is the JSON of a lint rule.
type RuleDocument struct {
	FormatVersion string `json:"formatVersion"`
	Code          string `json:"code"`
	Title         string `json:"title"`
	Severity      string `json:"severity"` // the heaviest that it reports
	Needs         string `json:"needs"`    // what it has to know, in words
	URL           string `json:"url"`
	Page          string `json:"page"` // Markdown
}

// Rule writes the page of a lint rule: as it is, or in JSON. The error is the writer's.
func Rule(w io.Writer, r lint.Rule, f Format) error {
	page := lint.Page(r.Code)
	data := []byte(page)
	if f == JSON {
		data = encodeJSON(RuleDocument{FormatVersion, r.Code, r.Title, r.Severity.String(), r.Needs.String(), lint.PageURL(r.Code), page})
	}
	_, err := w.Write(data)
	return err
}
