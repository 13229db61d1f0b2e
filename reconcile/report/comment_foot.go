package report

// The bottom of a page: guards, what is not the pull request's doing, what is left alone, and where
// the plan comes from.

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/internal/pattern"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// blocks draws the guards that refuse the plan, each with the flag that lifts it.
func (s *sheet) blocks() {
	blocks := s.plan.Blocks
	if len(blocks) == 0 {
		return
	}
	lines := []string{
		fmt.Sprintf("**Blocked by %s: nothing of this plan will be applied.**", count(len(blocks), "guard")), "",
	}
	for i, b := range blocks {
		if i == s.guards {
			lines = append(lines, moreBlocks(blocks[i:]))
			break
		}
		lines = append(lines, s.block(b)...)
	}
	s.alert("WARNING", lines...)
}

// block draws one guard: what it found and where, and below that what led to it and what to do.
func (s *sheet) block(b plan.Block) []string {
	head := "- " + MarkdownSpan(string(b.Guard)) + ": " + MarkdownSpan(b.Message)
	if d := b.Declared; d != nil {
		head += " in " + s.links.file(MarkdownSpan(fmt.Sprintf("%s:%d", d.File, d.Line)), d.File, d.Line)
	}
	lines := []string{head}
	for _, below := range slices.Concat(s.ledTo(b.Detail), s.wayOut(b)) {
		lines = append(lines, "  - "+below)
	}
	return lines
}

// ledTo draws what led to a refusal. The first line, a counterexample, and the last, an edit that
// would help, say most; what is between them is counted where it is too much.
func (s *sheet) ledTo(detail []string) []string {
	most := detailsShown
	if s.guards <= guardsInShort {
		most = 2
	}
	lines := spans(detail)
	if len(lines) <= most {
		return lines
	}
	more := fmt.Sprintf("and %s in the plan file", count(len(lines)-most, "more line"))
	return slices.Concat(lines[:most-1], []string{more}, lines[len(lines)-1:])
}

// wayOut draws what a guard is about and what can be done.
func (s *sheet) wayOut(b plan.Block) (lines []string) {
	if len(b.Keys) > 0 {
		lines = append(lines, guardNoun(b.Guard)+": "+strings.Join(elideList(spans(b.Keys), longest), ", "))
	}
	if b.Flag != "" {
		lines = append(lines, "to let it through: "+MarkdownSpan(b.Flag))
	}
	if b.Hint != "" {
		lines = append(lines, "hint: "+MarkdownSpan(b.Hint))
	}
	return lines
}

const (
	// detailsShown is how many lines say what led to a guard's refusal; the plan file has all.
	detailsShown = 5
	// guardsInShort is a number of guards in full: a page with room for no more has less for each.
	guardsInShort = 10
)

// guardNoun is what the keys of a guard are keys of.
func guardNoun(g plan.Guard) string {
	switch g {
	case plan.GuardUnknownTeam:
		return "teams"
	case plan.GuardUnknownMember, plan.GuardOwner:
		return "members"
	case plan.GuardEscalation:
		return "change of"
	case plan.GuardLockout:
		return "locked out"
	}
	return "roles"
}

// flagsNamed is how many flags are named where there is no room to describe the guards.
const flagsNamed = 3

// plainFlag is a flag that means the same wherever it is pasted.
var plainFlag = pattern.Lazy(`^--[a-z-]{1,30}( [A-Za-z0-9._-]{1,100})?$`)

// guardNames are those that there are; a forged plan may have others.
var guardNames = []plan.Guard{
	plan.GuardMaxDeletes, plan.GuardMaxDeletePercent, plan.GuardProtect, plan.GuardEmpty, plan.GuardPreset, plan.GuardImmutable,
	plan.GuardUnknownRole, plan.GuardUnknownTeam, plan.GuardUnknownMember, plan.GuardOwner,
	plan.GuardEscalation, plan.GuardLockout, plan.GuardGap, plan.GuardLint, plan.GuardAccessTest, plan.GuardChanges,
}

// moreBlocks names guards, with how often each refuses, and the first of the flags that lift them.
func moreBlocks(blocks []plan.Block) string {
	var words, flags []string
	n, known := map[plan.Guard]int{}, 0
	for _, b := range blocks {
		n[b.Guard]++
		if plainFlag().MatchString(b.Flag) {
			flags = append(flags, MarkdownSpan(b.Flag))
		}
	}
	for _, g := range guardNames {
		if n[g] > 0 {
			words = append(words, fmt.Sprintf("%s ×%d", MarkdownSpan(string(g)), n[g]))
			known += n[g]
		}
	}
	if more := len(blocks) - known; more > 0 {
		words = append(words, fmt.Sprintf("others ×%d", more))
	}
	line := "- " + strings.Join(words, ", ")
	if len(flags) == 0 {
		return line
	}
	line += "; flags that let it through: " + strings.Join(flags[:min(len(flags), flagsNamed)], ", ")
	if more := len(flags) - flagsNamed; more > 0 {
		line += fmt.Sprintf(" and %d more", more)
	}
	return line
}

// leftOut says what a smaller shape does not show.
func (s *sheet) leftOut(p parting) {
	total := len(s.entries)
	details, gone := s.detailed(), len(p.named)+len(p.hidden)+len(p.others)+len(p.counted)
	if gone == 0 && (s.bare || details == total) && s.notes >= 0 || total == 0 {
		return
	}
	words := fmt.Sprintf("Showing %d of %s in the table and the details of %d, for lack of room; all counts are complete",
		len(p.rows), count(total, "change"), details)
	if len(p.hidden) == 0 {
		words += ", and every dangerous change is named"
	}
	where := "."
	if s.links.run != "" && !s.spare {
		where = "; the whole plan is " + link("with the run", s.links.run) + "."
	}
	s.line("**", words, "**", where, "\n")
}

// causes folds the changes that the pull request did not ask for.
func (s *sheet) causes(p parting) {
	if len(p.foreign) == 0 {
		return
	}
	n := len(p.foreign)
	s.line("<details><summary><b>Not caused by this pull request</b>: ", s.foreignNoun(n), ", which an apply changes all the same</summary>\n")
	s.line("*Already pending*: the base branch asks for it, and it was not applied yet. ",
		"*Drift*: somebody changed it in the account, and an apply takes that back; ",
		"to keep it, write it into the files (`rolewright export` shows it).\n")
	if s.table && s.shape.rows >= low {
		s.rowsTable(p.foreign)
	} else {
		most := min(n, s.shape.others)
		s.keyList("Roles", p.foreign[:most])
		if most < n {
			s.line("And ", count(n-most, "more role"), ".\n")
		}
	}
	s.line("</details>\n")
}

// foreignNoun counts what others changed.
func (s *sheet) foreignNoun(n int) string {
	if s.holds() {
		return count(n, "change")
	}
	return count(n, "role")
}

// lists folds the roles that are left alone.
func (s *sheet) lists() {
	s.list("Skipped", "asked for by the files and not changed this time", s.plan.Skipped, true)
	s.list("Expired", "with an assignment that the files still list", s.plan.Expired, true)
	if len(s.entries) == 0 && !s.verbose {
		return // where nothing changes, the counts say enough
	}
	s.list("Unmanaged", "in the account and in no file", s.plan.Unmanaged, false)
	s.list("Ignored", "outside the scope", s.plan.Ignored, false)
}

// list folds one list. The first roles of each reason stand for the others, which are counted,
// unless all are wanted.
func (s *sheet) list(title, what string, notes []plan.Note, whole bool) {
	if len(notes) == 0 {
		return
	}
	s.line("<details><summary><b>", title, "</b>: ", countKinds(notes), " ", what, "</summary>\n")
	s.head("Role", "Name", "Held by", "Why")
	for _, g := range byReason(notes) {
		show := len(g.notes)
		if !whole && !s.verbose {
			show = min(show, s.notes)
		}
		if s.spilt() {
			return
		}
		for _, n := range g.notes[:show] {
			s.note(n)
		}
		if left := len(g.notes) - show; left > 0 {
			s.row(fmt.Sprintf("and %d more", left), "", "", MarkdownCell(g.reason))
		}
	}
	s.line("\n</details>\n")
}

func (s *sheet) note(n plan.Note) {
	why := MarkdownCell(n.Reason)
	if n.Hint != "" {
		why += ", hint: " + MarkdownCell(n.Hint)
	}
	holder := "–"
	if n.Assigned != nil {
		holder = holdersCell(plan.Change{Assigned: n.Assigned})
	}
	key := kindLead(n.Kind) + MarkdownCell(n.Key)
	if n.Declared != nil {
		key = s.links.file(key, n.Declared.File, n.Declared.Line)
	}
	s.row(key, cellOr(n.Name), holder, why)
}

// footer says how the guards stand, what stays, and what the page was made from.
func (s *sheet) footer() {
	if s.result == nil {
		s.line("**Guards**: ", guardState(s.plan), " · **Other roles**: ", s.untouched(), "\n")
		for _, what := range s.plan.Unchecked {
			s.line("**Not checked**: ", MarkdownSpan(what), "\n")
		}
	}
	facts := append([]string{"Plan " + MarkdownSpan(shortHash(s.plan.PlanHash)) + s.origin()}, s.facts()...)
	if s.links.run != "" {
		facts = append(facts, link("run", s.links.run))
		if s.page.Artifact {
			facts = append(facts, link("plan file", s.links.run+"#artifacts"))
		}
	}
	s.line("<sub>", strings.Join(facts, " · "), "</sub>")
}

// facts are what the plan says of itself.
func (s *sheet) facts() []string {
	if s.spare {
		return nil
	}
	var facts []string
	if read := rolesRead(s.plan); read > 0 && !s.page.Offline {
		facts = append(facts, count(read, "role")+" read")
	}
	for _, f := range []struct{ lead, value string }{
		{"made ", s.plan.GeneratedAt}, {"by ", s.tool()}, {"account ", s.plan.Target.AccountID}, {"at ", s.plan.Target.Host},
	} {
		if f.value != "" {
			facts = append(facts, f.lead+MarkdownSpan(elide(f.value, shortMost)))
		}
	}
	return facts
}

func (m *model) tool() string {
	if m.result != nil {
		return m.result.Tool
	}
	return m.plan.Tool
}

// origin says which commits the plan is about.
func (s *sheet) origin() string {
	head := s.page.Head
	if head == "" {
		head = s.plan.Source.Commit
	}
	words := ""
	if head != "" {
		words += " for " + s.links.commitName(head)
	}
	if s.page.Base != "" {
		words += " on base " + s.links.commitName(s.page.Base)
	}
	return words
}

// guardState says whether the guards let the plan through, and what was lifted for that.
func guardState(p *plan.Plan) string {
	words := "all passed"
	if n := len(p.Blocks); n > 0 {
		words = fmt.Sprintf("blocked by %d", n)
	}
	l := p.Lift
	lifted := tallied(tally{l.AllowDeletes, plural(l.AllowDeletes, "delete") + " allowed"},
		tally{len(l.Unprotect), "unprotected"}, tally{len(l.AllowPreset), plural(len(l.AllowPreset), "preset") + " allowed"},
		tally{len(l.AllowTransient), plural(len(l.AllowTransient), "moment") + " allowed"},
		tally{btoi(l.AllowEmpty), "empty workspace allowed"},
		tally{len(l.AllowEscalation), plural(len(l.AllowEscalation), "escalation") + " allowed"},
		tally{len(l.AllowLockout), plural(len(l.AllowLockout), "lock-out") + " allowed"},
		tally{len(l.AllowRisk), plural(len(l.AllowRisk), "risk") + " allowed"})
	if lifted != "" {
		words += " (lifted on the command line: " + lifted + ")"
	}
	return words
}

// untouched counts the roles that stay as they are, and why.
func (s *sheet) untouched() string {
	p := s.plan
	words := tallied(tally{p.Unchanged + p.UnchangedHolders, "unchanged"}, tally{len(p.Unmanaged), "unmanaged"},
		tally{len(p.Ignored), "ignored"}, tally{len(p.Skipped), "skipped"})
	if words == "" {
		return "none"
	}
	return words
}

// rolesRead counts the roles of the account that the plan speaks of: all of them.
func rolesRead(p *plan.Plan) int {
	n, seen := p.Unchanged, map[string]bool{}
	for _, c := range p.Changes {
		if c.Before != nil {
			seen[c.Before.Key] = true
		}
	}
	for _, notes := range [][]plan.Note{p.Skipped, p.Unmanaged, p.Ignored} {
		for _, note := range notes {
			if note.Assigned != nil { // the account has it
				seen[note.Key] = true
			}
		}
	}
	return n + len(seen) // teams and members count nobody who holds them
}
