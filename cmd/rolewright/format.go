package main

import (
	"fmt"
	"io"
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
		err: fmt.Errorf("%s in the files", count(diag.Count(findings, diag.Error), "error")),
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

// count returns "1 role" or "2 roles".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
