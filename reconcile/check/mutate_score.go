package check

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"runtime"
	"slices"
	"sync"

	"github.com/rolewright/rolewright/reconcile/access"
	"github.com/rolewright/rolewright/reconcile/policy"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A Judge runs tests against roles and returns the names of those that fail. It is told the one role
// that differs from the last call, by its key, so that it need not look at what that role has no part
// in; "" is the first call, with the roles as they are. A judge is asked by one goroutine only.
type Judge func(roles []role.Desired, changed string) (failed []string)

// Judges returns judges that run the tests of a suite. It must not be called by several goroutines at
// once; the judges may be asked at once.
func (s *Suite) Judges() func() Judge { return func() Judge { return s.Fork().Failing } }

// ScoreOptions say how mutants are told apart and how many are judged.
type ScoreOptions struct {
	Semantics policy.Semantics
	Budget    access.Budget // of each question
	// Sample is how many mutants are looked at, chosen by their names, so that the same files have
	// the same sample; 0 is all.
	Sample int
}

// A Survivor is a mutant that no test noticed.
type Survivor struct {
	Role      string `json:"role"`
	Statement int    `json:"statement"` // its index, -1 for base permissions
	What      string `json:"what"`
	Source    string `json:"source"` // "file:line" of what is mistaken
	// Witness is a request on which the mutant and the role disagree, nil if none was found.
	Witness *Witness `json:"witness,omitempty"`
	// Suggestion is an assertion that would have noticed it, nil where none was found.
	Suggestion *Suggestion `json:"suggestion,omitempty"`
}

// A MutationReport says how many small mistakes in roles the tests notice.
type MutationReport struct {
	// Failing are the tests that fail as things are. They notice nothing.
	Failing []string `json:"failing"`
	Killed  int      `json:"killed"`
	// Survived are proved to change access. They stand in the order of the roles and their policies.
	Survived []Survivor `json:"survived"`
	// Undecided are mutants of which it could not be found out whether they change access, and that
	// no test noticed.
	Undecided []Survivor `json:"undecided"`
	// Equal have the access of their role, Twins that of another mutant: nothing can notice the one,
	// and whatever notices the other has been counted. Neither is part of the score.
	Equal int `json:"equal"`
	Twins int `json:"twins"`
	// Sampled is how many mutants were chosen, 0 if all were; Of how many there are, before those
	// that are equal are left out.
	Sampled int `json:"sampled,omitempty"`
	Of      int `json:"of"`
	// Left is how many were not looked at because time ran out, by whole roles.
	Left int `json:"left,omitempty"`
}

// Total is how many mutants the score is about.
func (r MutationReport) Total() int { return r.Killed + len(r.Survived) + len(r.Undecided) }

// Percent is the share of mutants that tests noticed, rounded down, so that 100 means all; false
// if there were none.
func (r MutationReport) Percent() (int, bool) {
	if r.Total() == 0 {
		return 0, false
	}
	return 100 * r.Killed / r.Total(), true
}

// Score makes small mistakes in each role in turn and asks the tests whether they notice. It uses
// all processors, each with a judge of its own; judges are made one after the other. It stops
// between two mutants when the context ends: roles that are not done are then left out whole. Roles
// that are to be absent are passed over.
func Score(ctx context.Context, roles []role.Desired, newJudge func() Judge, o ScoreOptions) MutationReport {
	work := mutantsOf(roles)
	report := MutationReport{Failing: []string{}, Survived: []Survivor{}, Undecided: []Survivor{}}
	for _, w := range work {
		report.Of += len(w.mutants)
	}
	if o.Sample > 0 && o.Sample < report.Of {
		report.Sampled = o.Sample
		sample(roles, work, o.Sample)
	}
	failing := newJudge()(roles, "")
	report.Failing = append(report.Failing, failing...)
	everywhere(len(work), func() func(int) {
		s := &scoring{o: o, roles: slices.Clone(roles), judge: newJudge(), failing: failing}
		return func(i int) { work[i].result = s.score(ctx, work[i]) }
	})
	for _, w := range work {
		report.add(w)
	}
	return report
}

// roleWork is a role with its mutants.
type roleWork struct {
	role    int // index
	mutants []Mutant
	result  *MutationReport // nil if time ran out
}

func mutantsOf(roles []role.Desired) (work []roleWork) {
	for i, r := range roles {
		if !r.Absent {
			work = append(work, roleWork{role: i, mutants: Mutants(r.Role)})
		}
	}
	return work
}

func (r *MutationReport) add(w roleWork) {
	if w.result == nil {
		r.Left += len(w.mutants)
		return
	}
	r.Killed += w.result.Killed
	r.Equal += w.result.Equal
	r.Twins += w.result.Twins
	r.Survived = append(r.Survived, w.result.Survived...)
	r.Undecided = append(r.Undecided, w.result.Undecided...)
}

// sample keeps n of the mutants: which ones depends on nothing but their names.
func sample(roles []role.Desired, work []roleWork, n int) {
	type lot struct {
		hash    uint64
		of, num int
	}
	var lots []lot
	for i, w := range work {
		for j, m := range w.mutants {
			h := fnv.New64a()
			fmt.Fprintf(h, "%s\x00%s", roles[w.role].Key, m.What)
			lots = append(lots, lot{h.Sum64(), i, j})
		}
	}
	slices.SortFunc(lots, func(a, b lot) int {
		return cmp.Or(cmp.Compare(a.hash, b.hash), cmp.Compare(a.of, b.of), cmp.Compare(a.num, b.num))
	})
	chosen := map[[2]int]bool{}
	for _, l := range lots[:n] {
		chosen[[2]int{l.of, l.num}] = true
	}
	for i, w := range work {
		var kept []Mutant
		for j, m := range w.mutants {
			if chosen[[2]int{i, j}] {
				kept = append(kept, m)
			}
		}
		work[i].mutants = kept
	}
}

// everywhere makes one worker for each processor, one after the other, and runs them at once. Each
// call of a worker takes one of the numbers below n. A panic of one is passed on to the caller, who
// may know what to do with it.
func everywhere(n int, newWorker func() func(i int)) {
	numbers := make(chan int, n)
	for i := range n {
		numbers <- i
	}
	close(numbers)
	failed := make(chan any, runtime.GOMAXPROCS(0))
	var all sync.WaitGroup
	for range min(cap(failed), n) {
		do := newWorker()
		all.Go(func() {
			defer func() { failed <- recover() }()
			for i := range numbers {
				do(i)
			}
		})
	}
	all.Wait()
	close(failed)
	for why := range failed {
		if why != nil {
			panic(why)
		}
	}
}

// scoring judges mutants, one after the other.
type scoring struct {
	o       ScoreOptions
	roles   []role.Desired // with one changed at a time
	judge   Judge
	failing []string
}

// score judges the mutants of one role, with an engine of its own, so that what it finds within its
// budget does not depend on the other roles. It returns nil if the context ended before.
func (s *scoring) score(ctx context.Context, w roleWork) *MutationReport {
	sift := newSifter(s.o.Semantics, s.o.Budget)
	original := s.roles[w.role]
	kept, equal, twins := sift.sift(ctx, original.Role, w.mutants)
	result := &MutationReport{Equal: equal, Twins: twins}
	for _, m := range kept {
		if ctx.Err() != nil {
			return nil
		}
		if len(s.noticed(w.role, m.Mutant)) > 0 {
			result.Killed++
			continue
		}
		survivor := Survivor{Role: original.Key, Statement: m.Statement, What: m.What, Source: m.source(original.Source), Witness: m.differs}
		if m.differs == nil {
			result.Undecided = append(result.Undecided, survivor)
			continue
		}
		survivor.Suggestion = sift.suggest(original.Role, m)
		result.Survived = append(result.Survived, survivor)
	}
	if ctx.Err() != nil {
		return nil
	}
	return result
}

// noticed returns the tests that pass for the role and not for the mutant.
func (s *scoring) noticed(at int, m Mutant) (by []string) {
	original := s.roles[at]
	defer func() { s.roles[at] = original }()
	s.roles[at] = m.put(original)
	for _, name := range s.judge(s.roles, original.Key) {
		if !slices.Contains(s.failing, name) {
			by = append(by, name)
		}
	}
	return by
}
