package lint

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Findings that files allow are kept apart, never dropped, and whoever allows something that is not
// there is told so. What LD001 finds cannot be allowed: LaunchDarkly refuses it.

// Suppression is what there is to part.
type Suppression struct {
	Findings []diag.Finding // of rules
	Allows   []manifest.Allow
	Files    Files // whose documents are allowed findings by their keys
	// NotRun are the codes of the rules that did not run, for whatever reason: that nothing was
	// found by them tells nothing.
	NotRun []string
	// Unsound says that the files have errors: then nobody is told that an Allow is of no use, since
	// the rules have not seen everything.
	Unsound bool
}

// Allowed is a finding that is meant, and who says so.
type Allowed struct {
	diag.Finding
	By manifest.Allow
}

// Parted is what became of the findings.
type Parted struct {
	// Findings are those that are not allowed, and those about what allows them; sorted.
	Findings []diag.Finding
	Allowed  []Allowed // sorted like findings
}

// Suppress parts findings into those that are reported and those that are allowed.
func Suppress(in Suppression) Parted {
	s := suppressor{Suppression: in, documents: documentsOf(in.Files), used: map[allowedBy]bool{}}
	var out Parted
	for _, f := range in.Findings {
		if by := s.allows(f); by != nil {
			out.Allowed = append(out.Allowed, Allowed{f, *by})
			continue
		}
		out.Findings = append(out.Findings, f)
	}
	unsound := in.Unsound || slices.ContainsFunc(in.Findings, func(f diag.Finding) bool { return f.Code == ld001.Code && f.Severity == diag.Error })
	for i := range in.Allows {
		out.Findings = append(out.Findings, s.judge(i, unsound)...)
	}
	diag.Sort(out.Findings)
	return out
}

// suppressor is a run of Suppress.
type suppressor struct {
	Suppression
	documents map[string][]document // by file, in their order
	used      map[allowedBy]bool
}

// allowedBy is one code of one Allow.
type allowedBy struct{ allow, code int }

// document is a role, team or member of a file, and where it begins.
type document struct {
	role.Pos
	kind, id string
}

// documentsOf returns the documents of files in their order.
func documentsOf(files Files) map[string][]document {
	all := map[string][]document{}
	add := func(file string, pos role.Pos, kind, id string) {
		all[file] = append(all[file], document{pos, kind, id})
	}
	for _, r := range files.Roles {
		add(r.Source.File, r.Source.Pos, "role", r.Key)
	}
	for _, t := range files.Teams {
		add(t.Source.File, t.Source.Pos, "team", t.Key)
	}
	for _, m := range files.Members {
		add(m.Source.File, m.Source.Pos, "member", m.Email)
	}
	for _, list := range all {
		slices.SortFunc(list, func(a, b document) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	}
	return all
}

// of returns the document that a position is in.
func (s *suppressor) of(p diag.Position) (document, bool) {
	list := s.documents[p.File]
	i, exact := slices.BinarySearchFunc(list, p, func(d document, p diag.Position) int {
		return cmp.Or(d.Line-p.Line, d.Column-p.Column)
	})
	if exact {
		return list[i], true
	}
	if i == 0 {
		return document{}, false
	}
	return list[i-1], true
}

// allows returns the first that allows a finding, and notes all that do.
func (s *suppressor) allows(f diag.Finding) (by *manifest.Allow) {
	for i := range s.Allows {
		a := &s.Allows[i]
		n := slices.IndexFunc(a.Codes, func(c manifest.AllowedCode) bool { return c.Code == f.Code })
		if n < 0 || a.Expired || !mayBeAllowed(f.Code) || !s.covers(a, f.Pos) {
			continue
		}
		s.used[allowedBy{i, n}] = true
		if by == nil {
			by = a
		}
	}
	return by
}

// covers reports whether an Allow is about a position.
func (s *suppressor) covers(a *manifest.Allow, p diag.Position) bool {
	if a.Comment {
		return a.Covers(p)
	}
	d, found := s.of(p)
	if !found {
		return false
	}
	globs, id := map[string][]string{"role": a.Roles, "team": a.Teams, "member": a.Members}[d.kind], d.id
	return slices.ContainsFunc(globs, func(glob string) bool {
		if d.kind == "member" {
			return role.Glob(role.FoldEmail(glob), role.FoldEmail(id))
		}
		return role.Glob(glob, id)
	})
}

// mayBeAllowed reports whether files may allow what a rule finds.
func mayBeAllowed(code string) bool { return code != ld001.Code }

// judge returns what is wrong with an Allow.
func (s *suppressor) judge(i int, unsound bool) (findings []diag.Finding) {
	a := s.Allows[i]
	var sound []string
	for n, c := range a.Codes {
		if f, wrong := wrongCode(c); wrong {
			findings = append(findings, f)
			continue
		}
		sound = append(sound, c.Code)
		idle := !a.Expired && !s.used[allowedBy{i, n}] && !unsound && !slices.Contains(s.NotRun, c.Code)
		if idle {
			findings = append(findings, diag.Finding{
				Severity: diag.Warning, Code: "allow/unused", Pos: c.Pos, Length: c.Length,
				Message: fmt.Sprintf("%s is allowed here and finds nothing", c.Code), Hint: "remove it; what is allowed beforehand hides what comes later",
			})
		}
	}
	if a.Expired && len(sound) > 0 {
		findings = append(findings, diag.Finding{
			Severity: diag.Warning, Code: "allow/expired", Pos: a.UntilPos, Length: len(a.Until),
			Message: fmt.Sprintf("%s was allowed until %s: what it finds is reported again", strings.Join(sound, ", "), a.Until),
			Hint:    "put it right, or write a later day",
		})
	}
	return findings
}

// wrongCode returns the finding about a code that no rule has, or whose findings stand.
func wrongCode(c manifest.AllowedCode) (diag.Finding, bool) {
	f := diag.Finding{Severity: diag.Warning, Code: "allow/code", Pos: c.Pos, Length: c.Length}
	_, known := Explain(c.Code)
	switch {
	case known && mayBeAllowed(c.Code):
		return f, false
	case known:
		f.Severity = diag.Error
		f.Message, f.Hint = c.Code+" cannot be allowed: LaunchDarkly refuses what it finds", "put it right"
	default:
		f.Message, f.Hint = fmt.Sprintf("there is no lint rule %q to allow", c.Code), "rolewright explain CODE shows a rule; the message of each finding ends in its code"
		if near := NearestCode(c.Code); near != "" {
			f.Hint = didYouMean(near)
		}
	}
	return f, true
}

// NearestCode returns the code of a rule that was probably meant, or "".
func NearestCode(code string) string {
	var codes []string
	for _, r := range Rules() {
		codes = append(codes, r.Code)
	}
	return diag.Nearest(code, codes)
}
