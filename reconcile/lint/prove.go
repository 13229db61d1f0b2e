package lint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Words that the rules about meaning share.

// ordinal calls a statement as people count.
func ordinal(n int) string {
	if n < 0 {
		return "base permissions"
	}
	return fmt.Sprintf("statement %d", n+1)
}

// together calls several statements: "statement 1", "statements 1, 3 and 4".
func together(list []int) string {
	if len(list) == 1 {
		return ordinal(list[0])
	}
	words := make([]string, len(list))
	for i, n := range list {
		words[i] = fmt.Sprint(n + 1)
	}
	last := len(words) - 1
	if last > 8 {
		return fmt.Sprintf("%d other statements", len(list))
	}
	return "statements " + strings.Join(words[:last], ", ") + " and " + words[last]
}

// verb puts a verb behind together.
func verb(list []int, one, many string) string {
	if len(list) == 1 {
		return one
	}
	return many
}

// relate points to statements of the role.
func (q *Proof) relate(f *diag.Finding, list []int, message string) {
	for _, n := range list {
		if n >= 0 {
			f.Related = append(f.Related, diag.Related{Pos: q.Statements[n].Pos, Message: message})
		}
	}
}

// removal is the fix that takes away what stands at a pointer.
func (q *Proof) removal(title, pointer string) *diag.Fix {
	return &diag.Fix{
		Title: title, Document: q.Document(), Safe: true,
		Edits: []diag.Edit{{Op: diag.Remove, Pointer: pointer}},
	}
}

// element returns the position and the text of an element of a statement's list.
func (q *Proof) element(n int, list string, i int) (diag.Position, string) {
	s := &q.Statements[n]
	if strings.HasSuffix(list, "ctions") {
		return s.Actions[i].Pos, s.Actions[i].Text
	}
	return s.Resources[i].Pos, s.Resources[i].Text
}

// box returns the requests of some actions on what specifiers match.
func (q *Proof) box(actions []string, specifiers ...string) access.Region {
	return q.about(role.Statement{Actions: actions, Resources: specifiers})
}

// whole is the specifier of all resources of a kind: "proj/*:env/*:flag/*".
func whole(c *policy.Catalogue, kind string) string {
	types := strings.Split(kind, ":")
	for i, typ := range types {
		if t, known := c.Type(typ); !known || t.Naming != policy.NeverNamed {
			types[i] += "/*"
		}
	}
	return strings.Join(types, ":")
}

// literalActions returns the elements of a statement's actions that are no patterns and for which
// the test holds.
func literalActions(s *Statement, is func(string) bool) (list []Action) {
	for _, a := range s.Actions[:len(s.Statement.Actions)] {
		if !strings.Contains(a.Text, "*") && is(a.Text) {
			list = append(list, a)
		}
	}
	return list
}

func textsOf(actions []Action) []string {
	texts := make([]string, len(actions))
	for i, a := range actions {
		texts[i] = a.Text
	}
	return texts
}

// onlyEverywhere begins a message about actions that must be allowed in every environment.
func onlyEverywhere(actions []Action) string {
	verb, them := "counts", "it is"
	if len(actions) > 1 {
		verb, them = "count", "they are"
	}
	return fmt.Sprintf("%s %s only if %s allowed in every environment of a project", quoteList(textsOf(actions)), verb, them)
}

// everywhere reports whether the action must be allowed in every environment, on resources of one of
// the types of a statement.
func (p *Pass) everywhere(s *Statement, action string) bool {
	return slices.ContainsFunc(s.types, func(typ string) bool { return p.Semantics.NeedsEveryEnvironment(typ, action) })
}

// someEnvironments reports whether a specifier names some environments of a project and not all.
func someEnvironments(spec policy.Specifier) bool {
	return slices.ContainsFunc(spec.Segments[:len(spec.Segments)-1], func(seg policy.Segment) bool {
		return seg.Type == "env" && (seg.Name != "*" || len(seg.Selectors) > 0)
	})
}
