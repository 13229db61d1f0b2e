package people

import (
	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
)

// Some actions change a flag in every environment of its project, and count only if they are allowed in
// all of them. What each request in a project with one environment says is not all then: who may create
// flags in staging before, and in production after, may create none in a project with both; who for a
// moment may in both, may. So an environment is looked for that before misses, and one that after does,
// of the same flag. Nothing like it can be lost: what both ends allow in each environment is allowed.

// decideWide looks for an action in every environment that neither end allows, where every environment
// alone is allowed by one of them. Viewed says that what lets projects be viewed now does so at both ends.
func (j *judge) decideWide(p *passage, had, now, has holding, viewed bool) {
	if j.options.Semantics.EnvironmentWide == policy.PerRole || j.provedApart(had.numbers, now.numbers, has.numbers, viewed) {
		return
	}
	if why := j.outOfReach(had, now, has); why != "" {
		p.unsure(why)
		return
	}
	b, n, a := j.everything(p, had, now, has)
	switch r, some := j.full.InTwoEnvironments(n.Minus(b.Region), n.Minus(a.Region)); {
	case some == access.Yes && j.tooMuch(r, had, now, has):
		p.surplus.Example = r.String() + ", in a project that has " + r.Environments[1].String() + " too"
	case some != access.No:
		p.unsure("some actions must be allowed in every environment, and it was not found whether for a moment they are")
	}
}

// provedApart reports whether it is proved that what before misses and what after misses are never
// environments of the same flag: then one of them allows what is allowed in all. Whatever is allowed
// now and not before is allowed by more; and not by what was held instead of that, which would be enough
// if the project is viewed. The same goes for after.
func (j *judge) provedApart(had, now, has []int, viewed bool) bool {
	more, again := minus(now, had), minus(now, has)
	if len(more) == 0 || len(again) == 0 {
		return true
	}
	var before, after []int
	if viewed {
		before, after = minus(had, now), minus(has, now)
	}
	return j.prove(j.apart, [][]int{more, before, again, after}, func(of []granted) access.Answer {
		_, some := j.raw.InTwoEnvironments(of[0].Minus(of[1].Region), of[2].Minus(of[3].Region))
		return some
	})
}

// tooMuch puts a request to the evaluator: it is allowed now, and at neither end.
func (j *judge) tooMuch(r policy.Request, had, now, has holding) bool {
	allows := func(h holding) bool {
		return policy.Evaluate(j.table.subject(h.numbers).Held, r, j.options.Semantics).Allowed
	}
	return allows(now) && !allows(had) && !allows(has)
}
