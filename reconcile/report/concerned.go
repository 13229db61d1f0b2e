package report

// What a plan does to people, given everything that they hold.

import (
	"fmt"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/plan"
)

// concernedWords counts the people whose access changes: "3 gain access, 1 loses access, of 57
// members; 12 hold a changed role".
func concernedWords(c plan.Concerned) string {
	var parts []string
	for _, t := range []struct {
		n         int
		one, many string
	}{
		{c.Gain, "gains access", "gain access"},
		{c.Lose, "loses access", "lose access"},
		{c.Both, "gains and loses access", "gain and lose access"},
		{c.Undecided, "is undecided", "are undecided"},
	} {
		if t.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", t.n, was(t.n, t.one, t.many)))
		}
	}
	words := "nobody gains or loses access"
	if len(parts) > 0 {
		words = strings.Join(parts, ", ")
	}
	holders := fmt.Sprintf("%d hold", c.Holders)
	switch c.Holders {
	case 0:
		holders = "nobody holds"
	case 1:
		holders = "1 holds"
	}
	return fmt.Sprintf("%s, of %s; %s a changed role", words, count(c.Members, "member"), holders)
}

// concerned draws who gains and who loses what.
func (p *page) concerned(c *plan.Concerned) {
	if c == nil || c.Members == 0 {
		return
	}
	p.line(p.paint.as(bold, "People: "), concernedWords(*c))
	show := p.o.fold(len(c.Effects))
	for _, e := range c.Effects[:show] {
		p.effect(e)
	}
	if left := len(c.Effects) - show; left > 0 {
		p.line("  ", p.paint.as(dim, fmt.Sprintf("and %d more (--verbose lists all)", left)))
	}
	p.line()
}

func (p *page) effect(e plan.MemberEffect) {
	head := []string{Terminal(e.Email)}
	if e.Pending {
		head = append(head, "invited, has not accepted yet")
	}
	if e.FallsBack != "" {
		head = append(head, "falls back to the base role "+Terminal(item(e.FallsBack)))
	}
	if e.Verdict == access.Unsure {
		head = append(head, "undecided")
	}
	p.wrapped("  ", neutral, " · ", head...)
	for _, side := range []struct {
		label string
		mark  byte
		tone  tone
		lines []string
	}{{"gains", '+', grants, e.Gained}, {"loses", '-', takes, e.Lost}} {
		show := p.o.fold(min(len(side.lines), linesOfWhole))
		if p.o.Verbose {
			show = len(side.lines)
		}
		for _, l := range side.lines[:show] {
			r := row{mark: side.mark, tone: side.tone, label: side.label, words: strings.Fields(Terminal(l)), sep: " "}
			for _, text := range r.lines("    ", p.o.width()) {
				p.line(p.paint.as(side.tone, strings.TrimRight(text, " ")))
			}
		}
		if left := len(side.lines) - show; left > 0 {
			p.line("    ", p.paint.as(dim, fmt.Sprintf("%c %s and %d more like this (--verbose shows all)", side.mark, side.label, left)))
		}
	}
	for _, n := range e.Notes {
		p.wrapped("    ", dim, " ", "note:", Terminal(n))
	}
}

// mostEffects is how many people a comment names; it counts all.
const mostEffects = 20

// concerned folds who gains and who loses what. What does not fit is only counted.
func (s *sheet) concerned() {
	c := s.plan.People
	if c == nil || c.Members == 0 {
		return
	}
	if len(c.Effects) == 0 || s.spare || s.bare {
		s.line("**People**: ", concernedWords(*c), ".\n")
		return
	}
	s.line("<details><summary><b>People</b>: ", concernedWords(*c), "</summary>\n")
	most := min(mostEffects, len(c.Effects))
	if s.detail < notable {
		most = 0
	}
	if s.verbose {
		most = len(c.Effects)
	}
	for _, e := range c.Effects[:most] {
		s.effect(e)
	}
	if left := len(c.Effects) - most; left > 0 {
		s.line("- and ", count(left, "more member"))
	}
	s.line("\n</details>\n")
}

func (s *sheet) effect(e plan.MemberEffect) {
	words, lead := MarkdownSpan(e.Email), " "
	for _, side := range []struct {
		label string
		lines []string
	}{{"**gains**", e.Gained}, {"loses", e.Lost}} {
		if len(side.lines) == 0 {
			continue
		}
		words += lead + side.label + " " + MarkdownSpan(side.lines[0])
		lead = ", "
		if left := len(side.lines) - 1; left > 0 {
			words += fmt.Sprintf(" and %d more", left)
		}
	}
	if e.Verdict == access.Unsure {
		words += " **undecided**"
	}
	if e.FallsBack != "" {
		words += ", falls back to the base role " + MarkdownSpan(e.FallsBack)
	}
	if e.Pending {
		words += " (invited)"
	}
	s.line("- ", words)
}
