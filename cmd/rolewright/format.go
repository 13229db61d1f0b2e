package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/report"
)

// formatFlag is the --format flag of one command: the first of the allowed formats is the default.
type formatFlag struct {
	value   report.Format
	allowed []report.Format
}

func newFormat(allowed ...report.Format) formatFlag {
	return formatFlag{value: allowed[0], allowed: allowed}
}

// String returns the format in force.
func (f *formatFlag) String() string { return string(f.value) }

// Type names the flag's value in help.
func (f *formatFlag) Type() string { return "FORMAT" }

// Set takes one of the allowed formats.
func (f *formatFlag) Set(s string) error {
	if !slices.Contains(f.allowed, report.Format(s)) {
		return fmt.Errorf("want %s", f.list())
	}
	f.value = report.Format(s)
	return nil
}

func (f *formatFlag) list() string {
	names := make([]string, len(f.allowed))
	for i, a := range f.allowed {
		names[i] = string(a)
	}
	return strings.Join(names, ", ")
}

func (f *formatFlag) usage() string { return "output: " + f.list() }

// refused is the failure of files with errors.
func refused(findings []diag.Finding) error {
	return &failure{
		reason: reconcile.ReasonInvalid, findings: findings,
		err: fmt.Errorf("%d errors in the files", diag.Count(findings, diag.Error)),
	}
}

// printFindings draws findings and their count as text; nothing where there are none.
func (a *app) printFindings(w io.Writer, findings []diag.Finding) {
	if len(findings) == 0 {
		return
	}
	o := a.errOptions()
	if w == a.out {
		o = a.outOptions()
	}
	report.Findings(w, findings, o)
	report.FindingsSummary(w, findings, o)
}

// fail ends a run that has no plan or result to show. JSON is written on every path, so that a
// program that reads it never mistakes silence for success; a file that was asked for says so too,
// lest an older plan lie there.
func (a *app) fail(err error, format formatFlag, file string) error {
	f := asFailure(err)
	if f.shown {
		return f
	}
	doc := report.FailureJSON(f.reason, f.err, f.hints, f.findings)
	if file != "" {
		if bad := os.WriteFile(file, doc, 0o600); bad != nil {
			return bad
		}
	}
	if format.value == report.JSON {
		if _, bad := a.out.Write(doc); bad != nil {
			return bad
		}
	}
	return f
}
