use proc_macro2::Span;
use syn::Visibility;

/// Whether only the module of an item sees it.
pub(crate) fn is_private(vis: &Visibility) -> bool {
    rank(vis) == 0
}

/// The same for a generated item: lints ask the first token of an item whose it is.
pub(crate) fn generated(vis: &Visibility, span: Span) -> Visibility {
    let mut vis = vis.clone();
    match &mut vis {
        Visibility::Public(public) => public.span = span,
        Visibility::Restricted(restricted) => restricted.pub_token.span = span,
        Visibility::Inherited => {}
    }
    vis
}

/// How many can see what is this visible.
pub(crate) fn rank(vis: &Visibility) -> u8 {
    match vis {
        Visibility::Public(_) => 4,
        Visibility::Restricted(within) if within.path.is_ident("crate") => 3,
        Visibility::Restricted(within) if within.path.is_ident("self") => 0,
        Visibility::Restricted(within) if within.path.is_ident("super") => 1,
        Visibility::Restricted(_) => 2,
        Visibility::Inherited => 0,
    }
}
