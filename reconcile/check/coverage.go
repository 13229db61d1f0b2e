package check

import (
	"context"
	"fmt"
	"slices"

	"github.com/rolewright/rolewright/reconcile/role"
)

// A CoveredStatement is a statement of a role with the tests that depend on it.
type CoveredStatement struct {
	Role      string `json:"role"`
	Statement int    `json:"statement"` // its index in the policy
	Source    string `json:"source"`    // "file:line"
	// By are the tests that fail when the statement is left out, or turned around; none if
	// nothing would notice.
	By []string `json:"by"`
}

// A RoleCoverage says how many statements of a role the tests depend on.
type RoleCoverage struct {
	Role       string `json:"role"`
	Source     string `json:"source"` // "file:line"
	Statements int    `json:"statements"`
	Covered    int    `json:"covered"`
}

// A CoverageReport says which statements tests depend on.
type CoverageReport struct {
	// Failing are the tests that fail as things are. They depend on nothing.
	Failing []string `json:"failing"`
	// Roles and Statements stand in the order of the files.
	Roles      []RoleCoverage     `json:"roles"`
	Statements []CoveredStatement `json:"statements"`
	// Left are the keys of the roles that were not looked at because time ran out.
	Left []string `json:"left,omitempty"`
}

// Percent is the share of statements that tests depend on, rounded down, so that 100 means all;
// false if there are none.
func (r CoverageReport) Percent() (int, bool) {
	covered := 0
	for _, s := range r.Statements {
		covered += min(1, len(s.By))
	}
	if len(r.Statements) == 0 {
		return 0, false
	}
	return 100 * covered / len(r.Statements), true
}

// Coverage finds out which statements the tests depend on: those without which, or with the other
// effect, some test fails that passes now. It uses all processors, each with a judge of its own,
// and stops when the context ends: roles that are not done are then left out whole. Roles that are
// to be absent are passed over.
func Coverage(ctx context.Context, roles []role.Desired, newJudge func() Judge) CoverageReport {
	report := CoverageReport{Failing: []string{}, Roles: []RoleCoverage{}, Statements: []CoveredStatement{}}
	failing := newJudge()(roles, "")
	report.Failing = append(report.Failing, failing...)
	results := make([][]CoveredStatement, len(roles))
	everywhere(len(roles), func() func(int) {
		s := &scoring{roles: slices.Clone(roles), judge: newJudge(), failing: failing}
		return func(i int) { results[i] = s.cover(ctx, i) }
	})
	for i, r := range roles {
		switch {
		case r.Absent:
		case results[i] == nil:
			report.Left = append(report.Left, r.Key)
		default:
			report.add(r, results[i])
		}
	}
	return report
}

func (r *CoverageReport) add(of role.Desired, statements []CoveredStatement) {
	one := RoleCoverage{Role: of.Key, Source: fmt.Sprintf("%s:%d", of.Source.File, of.Source.Line), Statements: len(statements)}
	for _, s := range statements {
		one.Covered += min(1, len(s.By))
	}
	r.Roles = append(r.Roles, one)
	r.Statements = append(r.Statements, statements...)
}

// cover returns the statements of a role with what depends on them, or nil if the context ended
// before.
func (s *scoring) cover(ctx context.Context, at int) []CoveredStatement {
	r := s.roles[at]
	list := make([]CoveredStatement, len(r.Policy))
	for i := range list {
		list[i] = CoveredStatement{Role: r.Key, Statement: i, By: []string{}}
	}
	if r.Absent {
		return list
	}
	for _, m := range Mutants(r.Role) {
		if m.Statement < 0 || m.List != "" {
			continue
		}
		if ctx.Err() != nil {
			return nil
		}
		one := &list[m.Statement]
		one.Source = m.source(r.Source)
		for _, name := range s.noticed(at, m) {
			if !slices.Contains(one.By, name) {
				one.By = append(one.By, name)
			}
		}
	}
	return list
}
