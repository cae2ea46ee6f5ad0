//! How a twin holds its client, so that the client is dropped inside a runtime.

use std::collections::HashSet;

use proc_macro2::{Ident, Spacing, TokenStream, TokenTree};
use quote::{ToTokens, format_ident, quote_spanned};
use syn::{Attribute, Expr, FnArg, Pat, Path, Signature};

use super::client::Client;
use crate::options::Derives;

/// The type of a twin's field, and the items that this type names.
pub(crate) struct Held {
    pub(crate) ty: TokenStream,
    /// The type that names the bridge. Absent for the default bridge.
    pub(crate) bridge: Option<TokenStream>,
}

impl Held {
    /// Returns the type that holds the client of the twin called `name`. `bridge` is the bridge of the block's
    /// calls, and `attrs` are the attributes of the generated items.
    ///
    /// Output:
    ///
    /// ```text
    /// DropInside<Client, Known<{ needs_drop::<Client>() }, fn() -> DefaultBridge>>
    /// ```
    pub(crate) fn of(
        client: &Client,
        name: &Ident,
        bridge: Option<&Expr>,
        attrs: &[Attribute],
        derives: &Derives,
    ) -> Held {
        let Client { krate, span, ty, generics, .. } = client;
        let private = quote_spanned!(*span=> #krate::__private);
        let (through, bridge) = match bridge {
            None => (quote_spanned!(*span=> #private::DefaultBridge), None),
            Some(bridge) => {
                let through = format_ident!("__{name}Bridge", span = *span);
                let named = quote_spanned! {*span=>
                    // It has no values, since it is only named.
                    #(#attrs)*
                    enum #through {}
                    #(#attrs)*
                    impl #private::Through for #through {
                        fn bridge() -> #private::Option<#krate::Bridge> {
                            #private::Some(<#krate::Bridge as #private::Clone>::clone(&#bridge))
                        }
                    }
                };
                (through.into_token_stream(), Some(named))
            }
        };
        let kind = if derives.iter().any(is_copy) {
            quote_spanned!(*span=> Known<false, fn() -> #through>)
        } else if generics.params.is_empty() {
            quote_spanned!(*span=> Known<{ #private::needs_drop::<#ty>() }, fn() -> #through>)
        } else {
            quote_spanned!(*span=> Unknown<fn() -> #through>)
        };
        Held { ty: quote_spanned!(*span=> #private::DropInside<#ty, #private::#kind>), bridge }
    }
}

fn is_copy(path: &Path) -> bool {
    path.segments.last().is_some_and(|last| last.ident == "Copy")
}

/// Returns the names that have another meaning outside a method: those of its arguments.
pub(crate) fn arguments(sig: &Signature) -> impl Iterator<Item = String> {
    sig.inputs.iter().filter_map(|argument| match argument {
        FnArg::Typed(argument) => match &*argument.pat {
            Pat::Ident(pat) => Some(pat.ident.to_string()),
            _ => None,
        },
        FnArg::Receiver(_) => None,
    })
}

/// Returns the bridge of a block's options if the expression has the same meaning outside a method. A bridge that
/// belongs to an argument or to the client no longer exists when the client is dropped.
pub(crate) fn outside_of_methods(
    bridge: &Expr,
    client: &Client,
    arguments: &HashSet<String>,
) -> Option<Expr> {
    let mut names = HashSet::new();
    collect_names(bridge.to_token_stream(), &mut names);
    if names.contains("self") || !names.is_disjoint(arguments) || client.is_generic_in(&names) {
        return None;
    }
    let mut bridge = bridge.clone();
    client.name_in_expr(&mut bridge);
    Some(bridge)
}

/// Collects the names in `tokens` that are not fields, methods or ends of paths.
fn collect_names(tokens: TokenStream, names: &mut HashSet<String>) {
    let mut is_within = false;
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Group(group) => {
                collect_names(group.stream(), names);
                is_within = false;
                colons = 0;
            }
            TokenTree::Ident(name) => {
                if !is_within {
                    names.insert(name.to_string());
                }
                is_within = false;
                colons = 0;
            }
            TokenTree::Punct(punct) => {
                let is_colon = punct.as_char() == ':';
                colons = if is_colon { colons + 1 } else { 0 };
                is_within = punct.as_char() == '.' && punct.spacing() == Spacing::Alone
                    || is_colon && colons == 2;
            }
            TokenTree::Literal(_) => is_within = false,
        }
    }
}
