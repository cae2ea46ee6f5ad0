//! The parts of generated items that come from the user's items. Lints judge an item by the span of its first
//! token and of its name, so both get the span of generated code.

use proc_macro2::{Span, TokenStream};
use syn::{Ident, Visibility};

/// Returns the name of a generated item.
pub(crate) fn name(name: &Ident, span: Span) -> Ident {
    let mut name = name.clone();
    name.set_span(span.located_at(name.span()));
    name
}

/// Returns the same tokens with spans at another place.
pub(crate) fn located_at(tokens: &TokenStream, place: Span) -> TokenStream {
    let tokens = tokens.clone().into_iter().map(|mut token| {
        token.set_span(token.span().located_at(place));
        token
    });
    tokens.collect()
}

/// Returns the visibility of a generated item.
pub(crate) fn visibility(vis: &Visibility, span: Span) -> Visibility {
    let mut vis = vis.clone();
    match &mut vis {
        Visibility::Public(public) => public.span = span,
        Visibility::Restricted(restricted) => restricted.pub_token.span = span,
        Visibility::Inherited => {}
    }
    vis
}
