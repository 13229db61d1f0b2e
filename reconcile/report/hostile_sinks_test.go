package report_test

import (
	"bytes"
	"testing"

	"github.com/rolewright/rolewright/reconcile/internal/fuzzing"
	"github.com/rolewright/rolewright/reconcile/report"
)

// FuzzFindings: whatever a file holds, SARIF stays SARIF, JUnit XML, and the log obeys only what marks
// lines.
func FuzzFindings(f *testing.F) {
	for _, s := range report.Hostile() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		defer fuzzing.Timed(t)()
		found := findings()
		poison(&found, s, true)
		doc := sarif(t, found, report.SARIFOptions{Version: s, Prefix: s})
		checkSARIF(t, doc)
		checkJSONText(t, doc)
		checkCommands(t, string(doc), 0)

		results := junitResults()
		poison(&results, s, false)
		var junit bytes.Buffer
		if err := report.JUnit(&junit, results, report.JUnitOptions{Prefix: s}); err != nil {
			t.Fatal(err)
		}
		checkJUnit(t, junit.Bytes())
		checkText(t, junit.String())

		found = findings()
		poison(&found, s, false)
		var log bytes.Buffer
		if err := report.Annotations(&log, found, report.AnnotationOptions{Prefix: "a"}); err != nil {
			t.Fatal(err)
		}
		checkCommands(t, log.String(), bytes.Count(log.Bytes(), []byte("\n")))
	})
}
