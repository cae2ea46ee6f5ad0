use quote::quote_spanned;
use syn::ImplItemConst;

use super::client::Client;
use super::outcome::Outcome;
use super::{Twin, docs, generated, visibility};
use crate::attributes;

impl Twin {
    /// Adds a constant, unless it is private.
    ///
    /// Input:
    ///
    /// ```text
    /// pub const LIMIT: usize = 3;
    /// ```
    ///
    /// Output:
    ///
    /// ```text
    /// pub const LIMIT: usize = <Client>::LIMIT;
    /// ```
    pub(crate) fn add_constant(&mut self, constant: &ImplItemConst) {
        let ImplItemConst { attrs, vis, ident, ty, .. } = constant;
        if visibility::is_private(vis) {
            return;
        }
        self.show(vis);
        let Client { span, ty: this, .. } = &self.client;
        let mut ty = ty.clone();
        let outcome = Outcome::of_constant(&mut ty, &self.client);
        let value = outcome.for_twin(quote_spanned!(*span=> <#this>::#ident), &self.client);
        let attrs = docs::with_paragraph(
            attributes::for_twin(attrs),
            &format!("The same as {}.", self.client.link_to(ident)),
        );
        let (vis, name) = (visibility::generated(vis, *span), generated(ident, *span));
        self.members.extend(quote_spanned!(*span=> #(#attrs)* #vis const #name: #ty = #value;));
    }
}
