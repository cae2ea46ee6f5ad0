//! The traits of a twin.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::{Attribute, Ident, Path};

use super::client::Client;
use crate::options::Derives;

/// The traits of a twin and of its client. The two are converted by traits and not by methods, because the
/// client's methods could have the same names.
pub(crate) struct Conversions<'a> {
    pub(crate) client: &'a Client,
    /// The twin.
    pub(crate) name: &'a Ident,
    /// The twin, with its arguments.
    pub(crate) twin: TokenStream,
    /// The attributes of the twin.
    pub(crate) attrs: &'a [Attribute],
    pub(crate) derives: &'a Derives,
}

impl Conversions<'_> {
    /// Output:
    ///
    /// ```text
    /// impl From<Client> for BlockingClient { .. }
    /// impl From<BlockingClient> for Client { .. }
    /// impl AsRef<Client> for BlockingClient { .. }
    /// impl AsMut<Client> for BlockingClient { .. }
    /// impl Debug for BlockingClient { .. }
    /// ```
    pub(crate) fn expand(&self) -> TokenStream {
        let Conversions { client: client @ Client { krate, span, ty, .. }, twin, .. } = self;
        let self_token = quote_spanned!(*span=> self);
        let (held, taken) = (
            client.held(quote_spanned!(*span=> client)),
            client.taken_out_of(quote_spanned!(*span=> twin)),
        );
        let (lent, lent_mutably) =
            (client.lent_by(&self_token), client.lent_mutably_by(&self_token));
        let private = quote_spanned!(*span=> #krate::__private);
        let from_client = self.implement(
            quote_spanned!(*span=> #private::From<#ty> for #twin),
            quote_spanned!(*span=> fn from(client: #ty) -> Self { #held }),
        );
        let from_twin = self.implement(
            quote_spanned!(*span=> #private::From<#twin> for #ty),
            quote_spanned!(*span=> fn from(twin: #twin) -> Self { #taken }),
        );
        let as_ref = self.implement(
            quote_spanned!(*span=> #private::AsRef<#ty> for #twin),
            quote_spanned!(*span=> fn as_ref(&self) -> &#ty { #lent }),
        );
        let as_mut = self.implement(
            quote_spanned!(*span=> #private::AsMut<#ty> for #twin),
            quote_spanned!(*span=> fn as_mut(&mut self) -> &mut #ty { #lent_mutably }),
        );
        let debug = self.debug();
        quote_spanned!(*span=> #from_client #from_twin #as_ref #as_mut #debug)
    }

    /// Returns an opaque `Debug`, since the client may have none; or nothing where the user derives it.
    fn debug(&self) -> Option<TokenStream> {
        let Conversions { client: Client { krate, span, .. }, name, twin, derives, .. } = self;
        let is_debug = |path: &Path| path.segments.last().is_some_and(|last| last.ident == "Debug");
        if derives.iter().any(is_debug) {
            return None;
        }
        let (name, fmt) = (name.to_string(), quote_spanned!(*span=> #krate::__private::fmt));
        Some(self.implement(
            quote_spanned!(*span=> #fmt::Debug for #twin),
            quote_spanned! {*span=>
                fn fmt(&self, f: &mut #fmt::Formatter<'_>) -> #fmt::Result {
                    #fmt::Formatter::debug_struct(f, #name).finish_non_exhaustive()
                }
            },
        ))
    }

    fn implement(&self, what: TokenStream, method: TokenStream) -> TokenStream {
        let Conversions { client, attrs, .. } = self;
        let attrs = attrs.iter().filter(|attr| !attr.path().is_ident("doc"));
        let (generics, allowed) = (client.generics_of_struct(), client.allowed());
        let (parameters, _, condition) = generics.split_for_impl();
        quote_spanned! {client.span=>
            #(#attrs)*
            #allowed
            impl #parameters #what #condition { #method }
        }
    }
}
