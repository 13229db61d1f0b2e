package reconcile_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rolewright/rolewright/reconcile"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// stocked is an account that tells its inventory.
type stocked struct {
	reconcile.Account
	inv role.Inventory
	err error
}

func (s stocked) Inventory(context.Context) (role.Inventory, error) { return s.inv, s.err }

func shop() role.Inventory {
	return role.Inventory{Projects: []role.Project{
		{Key: "app", Environments: []role.Environment{}, Flags: []role.Flag{}, FlagsLeft: true},
		{
			Key: "web", Tags: []string{"eu"}, Environments: []role.Environment{{Key: "production", Critical: true}, {Key: "test"}},
			Flags: []role.Flag{{Key: "old", Archived: true}, {Key: "search", Tags: []string{"ux"}, Views: []string{"checkout"}}}, ViewsLeft: true,
		},
	}}
}

func TestInventory(t *testing.T) {
	if inv, err := reconcile.Inventory(t.Context(), empty()); inv != nil || err != nil {
		t.Errorf("of an account that does not tell: %v %v", inv, err)
	}
	inv, err := reconcile.Inventory(t.Context(), stocked{Account: empty(), inv: shop()})
	if err != nil || inv == nil || cmp.Diff(shop(), *inv) != "" {
		t.Errorf("%v %v", inv, err)
	}
	if inv, err := reconcile.Inventory(t.Context(), stocked{err: role.ErrDenied}); inv != nil || !errors.Is(err, role.ErrDenied) {
		t.Errorf("%v %v", inv, err)
	}
}

// TestSnapshotInventory: it is in the snapshot where the account tells it.
func TestSnapshotInventory(t *testing.T) {
	stock := stocked{Account: empty(), inv: shop()}
	for _, a := range []reconcile.Account{empty(), stock, stocked{Account: empty(), err: role.ErrDenied}} {
		taken, err := reconcile.Take(t.Context(), a, options().Target, plan.Scope{}, now)
		if err != nil {
			t.Fatal(err)
		}
		data, err := taken.Encode()
		if err != nil {
			t.Fatal(err)
		}
		s, err := reconcile.DecodeSnapshot(data)
		if err != nil {
			t.Fatal(err)
		}
		inv, err := reconcile.Inventory(t.Context(), s)
		if tells := cmp.Equal(a, stock, cmp.AllowUnexported(stocked{}, account{})); err != nil || (inv != nil) != tells || strings.Contains(string(data), "inventory") != tells {
			t.Fatalf("%v %v in %s", inv, err, data)
		}
		if inv != nil && cmp.Diff(shop(), *inv) != "" {
			t.Error(cmp.Diff(shop(), *inv))
		}
	}
	stock.err = role.ErrChanging
	if _, err := reconcile.Take(t.Context(), stock, options().Target, plan.Scope{}, now); !errors.Is(err, role.ErrChanging) {
		t.Errorf("unreadable: %v", err)
	}
}

// TestDecodeSnapshotRefusesInventory: nothing that is missing passes for nothing that is there.
func TestDecodeSnapshotRefusesInventory(t *testing.T) {
	const head = `{"formatVersion":"1.0","takenAt":"2026-11-23T12:00:00Z","target":{"name":"t","host":"h","accountId":"a"},"roles":[],"inventory":`
	const good = `{"projects":[{"key":"p","environments":[],"flags":[]}]}}`
	if _, err := reconcile.DecodeSnapshot([]byte(head + good)); err != nil {
		t.Fatalf("the one that the others are spoilt from: %v", err)
	}
	for _, tt := range []struct{ old, new, want string }{
		{`[{"key":"p","environments":[],"flags":[]}]`, `null`, "projects of the inventory are missing"},
		{`"projects"`, `"Project"`, "unknown field"},
		{`"environments":[]`, `"environments":null`, `flags of project "p" are missing`},
		{`,"flags":[]`, ``, `flags of project "p" are missing`},
		{`"key":"p",`, ``, "project number 1 has no key"},
	} {
		_, err := reconcile.DecodeSnapshot([]byte(head + strings.Replace(good, tt.old, tt.new, 1)))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v", tt.new, err)
		}
	}
}
