package reconcile

import (
	"context"

	"github.com/rolewright/rolewright/reconcile/role"
)

// Stock is an account that tells what exists in it for policies to speak of: projects, their
// environments and flags. Not every [Account] is one.
type Stock interface {
	Inventory(ctx context.Context) (role.Inventory, error)
}

// Inventory returns what exists in the account for policies to speak of, or nil where that is not
// known: the account does not tell, or the snapshot was taken without.
func Inventory(ctx context.Context, account Account) (*role.Inventory, error) {
	if s, taken := account.(*Snapshot); taken {
		return s.Inventory, nil
	}
	stock, tells := account.(Stock)
	if !tells {
		return nil, nil
	}
	inv, err := stock.Inventory(ctx)
	if err != nil {
		return nil, err
	}
	return &inv, nil
}
