package report

// What a page of a result says first: how the apply ended, what is left, and how to go on.

import (
	"fmt"
	"strings"

	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/internal/pattern"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// ended draws how an apply ended.
func (s *sheet) ended() {
	r := s.result
	lines := []string{"**" + headline(r) + "**"}
	if r.Error != "" {
		lines = append(lines, "", "- error: "+MarkdownSpan(s.said(r.Error)))
	}
	if r.Hint != "" {
		if r.Error == "" {
			lines = append(lines, "")
		}
		lines = append(lines, "- hint: "+MarkdownSpan(s.said(r.Hint)))
	}
	if unfinished(r) {
		lines = append(lines, "", s.goOn())
	}
	s.alert(severityOf(r), lines...)
}

// said shortens a message where there is no room for tables.
func (s *sheet) said(text string) string {
	switch {
	case s.table:
		return text
	case s.spare:
		return elide(text, shortMost)
	}
	return elide(text, 4*shortMost)
}

func severityOf(r *apply.Result) string {
	switch {
	case r.ExitReason == plan.NoChanges, r.ExitReason == apply.ReasonApplied && r.Verified:
		return "NOTE"
	case r.ExitReason == apply.ReasonApplied, r.ExitReason == apply.ReasonStale:
		return "WARNING"
	}
	return "CAUTION"
}

func unfinished(r *apply.Result) bool {
	return r.ExitReason != plan.NoChanges && r.ExitReason != apply.ReasonApplied
}

// goOn says what is left and which commands do it. A plan that was applied in part is stale, so
// they begin with a new one.
func (s *sheet) goOn() string {
	left := len(s.result.Changes) - s.result.Summary.Applied
	words := "Every change was made"
	if left > 0 {
		words = fmt.Sprintf("%s %s left", count(left, "change"), was(left, "is", "are"))
	}
	return fmt.Sprintf("%s. To go on: %s shows what there is to do, %s does that and nothing else; or run this workflow again.",
		words, MarkdownSpan("rolewright plan"+s.where("")+" -o plan.json"), MarkdownSpan("rolewright apply"+s.where("--workspace ")+" plan.json"))
}

var shellWord = pattern.Lazy(`^[A-Za-z0-9._@%+/=:,][A-Za-z0-9._@%+/=:,-]*$`)

// where is the target and the folder as arguments of a command.
func (s *sheet) where(folder string) string {
	words := ""
	if s.spare {
		return words
	}
	if t := s.plan.Target.Name; t != "" {
		words += " --target " + shellQuote(elide(t, shortMost))
	}
	if f := s.page.Folder; f != "" && f != "." {
		words += " " + folder + shellQuote(elide(f, shortMost))
	}
	return words
}

// shellQuote returns s as one word for a shell.
func shellQuote(s string) string {
	if shellWord().MatchString(s) {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
