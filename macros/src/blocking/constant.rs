//! The twin of a constant.

use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::{ImplItemConst, Result};

use super::client::Client;
use super::outcome::Outcome;
use super::{docs, generated};
use crate::attributes;

/// Makes the twin of a constant.
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
///
/// # Errors
///
/// When its type contains a `Self` of which no twin can be made.
pub(crate) fn expand(constant: &ImplItemConst, client: &Client) -> Result<TokenStream> {
    let ImplItemConst { attrs, vis, ident, ty, .. } = constant;
    let Client { span, ty: this, .. } = client;
    let mut ty = ty.clone();
    let outcome = Outcome::of_constant(&mut ty, client)?;
    let value = outcome.for_twin(quote_spanned!(*span=> <#this>::#ident), client);
    let attrs = docs::with_paragraph(
        attributes::for_twin(attrs),
        &format!("The same as {}.", client.link_to(ident)),
    );
    let (vis, name) = (generated::visibility(vis, *span), generated::name(ident, *span));
    Ok(quote_spanned!(*span=> #(#attrs)* #vis const #name: #ty = #value;))
}
