package report_test

import (
	"bytes"
	"flag"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/report"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares what draw writes with testdata/golden/name.
func golden(t *testing.T, name string, draw func(w io.Writer) error) {
	t.Helper()
	var got bytes.Buffer
	if err := draw(&got); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join("testdata", "golden", name)
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

var suffix = map[report.Format]string{report.Text: ".txt", report.JSON: ".json", report.Markdown: ".md"}

func TestPlanGolden(t *testing.T) {
	skippedOnly := emptyPlan()
	skippedOnly.Skipped = richPlan().Skipped
	unfinished := emptyPlan()
	unfinished.Complete, unfinished.Unchanged = false, 0
	plans := map[string]*plan.Plan{
		"plan-rich": richPlan(), "plan-empty": emptyPlan(), "plan-skipped": skippedOnly, "plan-incomplete": unfinished,
	}
	for name, p := range plans {
		for _, f := range []report.Format{report.Text, report.Markdown} {
			golden(t, name+suffix[f], func(w io.Writer) error { return report.Plan(w, p, f, report.Options{}) })
		}
	}
	golden(t, "plan-rich-verbose.txt", func(w io.Writer) error {
		return report.Plan(w, richPlan(), report.Text, report.Options{Verbose: true})
	})
	golden(t, "plan-rich-color.txt", func(w io.Writer) error {
		return report.Plan(w, richPlan(), report.Text, report.Options{Color: true})
	})
	golden(t, "plan-rich-narrow.txt", func(w io.Writer) error {
		return report.Plan(w, richPlan(), report.Text, report.Options{Width: 60})
	})
}

func TestResultGolden(t *testing.T) {
	for name, r := range results() {
		for _, f := range report.Formats() {
			golden(t, "result-"+name+suffix[f], func(w io.Writer) error { return report.Result(w, r, f, report.Options{}) })
		}
	}
	golden(t, "result-partial-verbose.txt", func(w io.Writer) error {
		return report.Result(w, partialResult(), report.Text, report.Options{Verbose: true})
	})
	golden(t, "result-already-verbose.txt", func(w io.Writer) error {
		return report.Result(w, alreadyResult(), report.Text, report.Options{Verbose: true})
	})
	golden(t, "result-partial-color.txt", func(w io.Writer) error {
		return report.Result(w, partialResult(), report.Text, report.Options{Color: true})
	})
}

func TestFindingsGolden(t *testing.T) {
	golden(t, "findings.txt", func(w io.Writer) error {
		if err := report.Findings(w, findings(), report.Options{}); err != nil {
			return err
		}
		return report.FindingsSummary(w, findings(), report.Options{})
	})
	golden(t, "findings-color.txt", func(w io.Writer) error {
		return report.Findings(w, findings(), report.Options{Color: true})
	})
	golden(t, "findings.json", func(w io.Writer) error { return report.FindingsJSON(w, findings(), "invalid") })
	golden(t, "findings.md", func(w io.Writer) error {
		return report.FindingsMarkdown(w, findings(), report.Options{})
	})
}

func TestProgressGolden(t *testing.T) {
	golden(t, "progress.txt", func(w io.Writer) error {
		all := append(appliedResult().Changes, partialResult().Changes[1:4]...)
		for i, out := range all {
			if err := report.Progress(w, out, i+8, 14, report.Options{}); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestNotesGolden(t *testing.T) {
	golden(t, "notes.txt", func(w io.Writer) error {
		if err := report.Notes(w, "Nothing", nil, report.Options{}); err != nil {
			return err
		}
		return report.Notes(w, "Left out", unmanagedNotes(), report.Options{})
	})
}
