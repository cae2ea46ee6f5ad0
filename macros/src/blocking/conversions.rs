use proc_macro2::TokenStream;
use quote::quote_spanned;

use super::Twin;
use super::client::Client;

impl Twin {
    /// Between the twin and the client, by traits: methods could have the names of the client's.
    ///
    /// Output:
    ///
    /// ```text
    /// impl From<Client> for BlockingClient { .. }
    /// impl From<BlockingClient> for Client { .. }
    /// impl AsRef<Client> for BlockingClient { .. }
    /// impl AsMut<Client> for BlockingClient { .. }
    /// impl Debug for BlockingClient { .. }
    /// ```
    pub(crate) fn conversions(&self) -> TokenStream {
        let Client { krate, span, ty, .. } = &self.client;
        let twin = self.client.twin(&self.name, false);
        let private = quote_spanned!(*span=> #krate::__private);
        let from_client = self.implements(
            quote_spanned!(*span=> #private::From<#ty> for #twin),
            quote_spanned!(*span=> fn from(client: #ty) -> Self { Self(client) }),
        );
        let from_twin = self.implements(
            quote_spanned!(*span=> #private::From<#twin> for #ty),
            quote_spanned!(*span=> fn from(twin: #twin) -> Self { twin.0 }),
        );
        let as_ref = self.implements(
            quote_spanned!(*span=> #private::AsRef<#ty> for #twin),
            quote_spanned!(*span=> fn as_ref(&self) -> &#ty { &self.0 }),
        );
        let as_mut = self.implements(
            quote_spanned!(*span=> #private::AsMut<#ty> for #twin),
            quote_spanned!(*span=> fn as_mut(&mut self) -> &mut #ty { &mut self.0 }),
        );
        let debug = self.debug(&twin);
        quote_spanned!(*span=> #from_client #from_twin #as_ref #as_mut #debug)
    }

    /// An opaque `Debug`, unless it is derived: the client may have none.
    fn debug(&self, twin: &TokenStream) -> Option<TokenStream> {
        let Client { krate, span, .. } = &self.client;
        let is_debug =
            |path: &syn::Path| path.segments.last().is_some_and(|last| last.ident == "Debug");
        if self.derives.iter().any(is_debug) {
            return None;
        }
        let (name, fmt) = (self.name.to_string(), quote_spanned!(*span=> #krate::__private::fmt));
        Some(self.implements(
            quote_spanned!(*span=> #fmt::Debug for #twin),
            quote_spanned! {*span=>
                fn fmt(&self, f: &mut #fmt::Formatter<'_>) -> #fmt::Result {
                    #fmt::Formatter::debug_struct(f, #name).finish_non_exhaustive()
                }
            },
        ))
    }

    fn implements(&self, what: TokenStream, method: TokenStream) -> TokenStream {
        let Twin { client, attrs, .. } = self;
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
