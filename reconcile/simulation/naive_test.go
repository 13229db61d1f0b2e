package simulation_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"testing"
	"testing/synctest"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/apply"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// A naiveAccount is a client as it is written in an afternoon: what fails is sent again, three times,
// whatever became of it; nothing is read back; no patch has a test; a conflict is a failure; and a page
// of a list is all that there is of it, as long as it is full.
type naiveAccount struct{ http.Client }

var naive = applier{
	connect: func(l *line, _ *bytes.Buffer) reconcile.Account { return &naiveAccount{http.Client{Transport: l}} },
	apply:   naiveApply,
}

var errNaive = errors.New("it did not work")

// send sends a request until something comes of it that looks like success.
func (a *naiveAccount) send(ctx context.Context, method, path string, body, into any) (err error) {
	for range 4 {
		var status int
		if status, err = a.once(ctx, method, path, body, into); err == nil || status == http.StatusConflict {
			return err
		}
	}
	return err
}

func (a *naiveAccount) once(ctx context.Context, method, path string, body, into any) (int, error) {
	text, _ := json.Marshal(body)
	r, err := http.NewRequestWithContext(ctx, method, "http://localhost/api/v2/"+path, bytes.NewReader(text))
	if err != nil {
		return 0, err
	}
	r.Header = http.Header{"Authorization": {canary}, "Content-Type": {"application/json"}, "Ld-Api-Version": {"20240415"}}
	reply, err := a.Do(r)
	if err != nil {
		return 0, errNaive
	}
	defer reply.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(reply.Body, 1<<20))
	switch {
	case err != nil:
		return 0, err
	case reply.StatusCode > 299:
		return reply.StatusCode, fmt.Errorf("%w: %d", errNaive, reply.StatusCode)
	case into == nil:
		return reply.StatusCode, nil
	}
	return reply.StatusCode, json.Unmarshal(answer, into)
}

func (a *naiveAccount) AccountID(ctx context.Context) (string, error) {
	var who struct {
		AccountID string `json:"accountId"`
	}
	err := a.send(ctx, http.MethodGet, "caller-identity", nil, &who)
	return who.AccountID, err
}

func (a *naiveAccount) Roles(ctx context.Context) (all []role.Live, err error) {
	for {
		var list struct {
			Items []role.Live `json:"items"`
		}
		if err := a.send(ctx, http.MethodGet, fmt.Sprintf("roles?limit=20&offset=%d", len(all)), nil, &list); err != nil {
			return nil, err
		}
		if all = append(all, list.Items...); len(list.Items) < 20 {
			return all, nil
		}
	}
}

func (a *naiveAccount) Role(ctx context.Context, key string) (l role.Live, err error) {
	return l, a.send(ctx, http.MethodGet, "roles/"+url.PathEscape(key), nil, &l)
}

func (a *naiveAccount) CreateRole(ctx context.Context, r role.Role) (role.Live, error) {
	return role.Live{}, a.send(ctx, http.MethodPost, "roles", r, nil)
}

func (a *naiveAccount) UpdateRole(ctx context.Context, _ role.Live, r role.Role, _ string) (role.Live, error) {
	var patch []map[string]any
	for field, value := range map[string]any{"name": r.Name, "description": r.Description, "basePermissions": r.BasePermissions, "policy": r.Policy} {
		patch = append(patch, map[string]any{"op": "replace", "path": "/" + field, "value": value})
	}
	return role.Live{}, a.send(ctx, http.MethodPatch, "roles/"+r.Key, patch, nil)
}

func (a *naiveAccount) DeleteRole(ctx context.Context, key string) error {
	return a.send(ctx, http.MethodDelete, "roles/"+key, nil, nil)
}

// naiveApply does what the plan says, and stops where that fails.
func naiveApply(ctx context.Context, p *plan.Plan, _ *line, account reconcile.Account) *apply.Result {
	res := &apply.Result{ExitReason: apply.ReasonApplied, Complete: true, Verified: true}
	for _, c := range p.Changes {
		var err error
		switch c.Action {
		case plan.Create:
			_, err = account.CreateRole(ctx, *c.After)
		case plan.Delete:
			err = account.DeleteRole(ctx, c.Key)
		default:
			_, err = account.UpdateRole(ctx, role.Live{}, *c.After, "")
		}
		o := apply.Outcome{ID: c.ID, Action: c.Action, Kind: c.Kind, Key: c.Key, Status: apply.Applied}
		if err != nil {
			o.Status, o.Error, res.ExitReason, res.Error = apply.Failed, err.Error(), apply.ReasonFailed, err.Error()
		}
		res.Changes = append(res.Changes, o)
		if err != nil {
			break
		}
	}
	return res
}

// TestNaive: the same schedules find out a naive client, most often where a change that was made is
// said to have failed, or somebody's edit is written over.
func TestNaive(t *testing.T) {
	second := &stride{every: 149}
	switch {
	case *doublesToTry == "all":
		second.every = 1
	case *doublesToTry == "slice":
		second.every = 7
	case testing.Short():
		second.every = 499
	}
	start, played, wrong := cpuTime(), 0, 0
	found := map[string]int{}
	for i, s := range references() {
		if s.name == stepsName {
			continue // it knows no teams and members
		}
		synctest.Test(t, func(t *testing.T) {
			s := references()[i]
			s.parallelism = 1
			if err := s.prepareWith(naive); err != nil {
				t.Fatal(err)
			}
			s.doubles(second, func(sc schedule) {
				p := sc.play()
				played++
				if len(p.violations) > 0 {
					wrong++
				}
				for _, kind := range p.kinds() {
					found[kind]++
				}
			})
		})
	}
	ratio := 100 * float64(wrong) / float64(played)
	t.Logf("by invariant: %v", found)
	t.Logf("figure: naive client: wrong in %d of %d double-fault schedules, %.1f %%; %.0f CPU-s", wrong, played, ratio, (cpuTime() - start).Seconds())
	if ratio < 5 && !testing.Short() {
		t.Errorf("the naive client is wrong in %.1f %% of the schedules only: the harness does not bite", ratio)
	}
}

// kinds are the invariants that were broken.
func (p *played) kinds() (names []string) {
	seen := map[string]bool{}
	for _, v := range p.violations {
		if name := v[:2]; !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

// doubles yields one in so many pairs of events.
func (s *scene) doubles(second *stride, visit func(schedule)) {
	for i, e := range s.quiet {
		for _, ev := range everything {
			for j := i + 1; j < len(s.quiet); j++ {
				for _, then := range everything {
					if ev.fits(e) && then.fits(s.quiet[j]) && !ev.costly && !then.costly && second.mine() {
						visit(schedule{scene: s, at: map[int]event{i: ev, j: then}, with: naive})
					}
				}
			}
		}
	}
}
