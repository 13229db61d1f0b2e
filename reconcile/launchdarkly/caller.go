package launchdarkly

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"github.com/rolewright/rolewright/reconcile/role"
)

const tokensPath = "/api/v2/tokens"

// Caller asks the account whose token this is and what it may do. An account that does not say the
// second, or says it in words that this version does not know, is no error: Known is false then, and
// Why says why.
func (c *Client) Caller(ctx context.Context) (role.Caller, error) {
	id, err := c.Identity(ctx)
	if err != nil {
		return role.Caller{}, err
	}
	caller := role.Caller{AccountID: id.AccountID, TokenID: id.TokenID, MemberID: id.MemberID, Service: id.ServiceToken}
	if !objectID().MatchString(id.TokenID) {
		caller.Why = "the account does not say which token this is"
		return caller, nil
	}
	path := tokensPath + "/" + id.TokenID
	v, err := c.do(ctx, http.MethodGet, path, nil, nil)
	if errors.Is(err, role.ErrDenied) || errors.Is(err, role.ErrNotFound) {
		caller.Why = "the token may not read what it is: " + c.clean(reason(err))
		return caller, nil
	}
	if err != nil {
		return role.Caller{}, fmt.Errorf("read the token: %w", err)
	}
	if caller, err = limited(caller, *v); err != nil {
		return role.Caller{}, c.misread(ctx, http.MethodGet, path, err)
	}
	return caller, nil
}

// limited returns the caller with the limits of its token. Roles or statements of its own count in
// the place of a base role, as they do with a member.
func limited(caller role.Caller, v value) (role.Caller, error) {
	o := newObject("token", v)
	if id := o.mustText("_id"); o.err == nil && id != caller.TokenID {
		o.err = fmt.Errorf("the answer holds token %s instead of %q", quote(id), caller.TokenID)
	}
	base, custom := o.text("role"), o.texts("customRoleIds")
	inline, extra := o.statements("inlineRole", nil)
	caller.Service = o.flag("serviceToken") || caller.Service
	switch {
	case len(custom) > 0 && len(inline) > 0:
		caller.Why = "the token has both custom roles and statements of its own"
	case len(extra) > 0:
		caller.Why = "the token's statements hold fields that this version does not know"
	case len(inline) > 0:
		caller.Known, caller.Inline = true, inline
	case len(custom) > 0:
		caller.Known, caller.CustomRoles = true, custom
	case base == "" && caller.Service:
		caller.Why = "the account does not say what limits this service token"
	case base != "" && !slices.Contains(baseRoles, base):
		caller.Why = fmt.Sprintf("the token's role %s is not a base role that this version knows", quote(base))
	default:
		caller.Known, caller.BaseRole = true, base
	}
	return caller, o.err
}
