//! The arguments of a decorated function.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    Attribute, FnArg, GenericArgument, Ident, Pat, PatIdent, PatType, PathArguments, Signature,
    Type, parse_quote_spanned,
};

/// Gives each argument a plain name, and returns the statements that move it into the future.
///
/// Input:
///
/// ```text
/// &self, Point { x, y }: Point, mut tries: u32
/// ```
///
/// Output:
///
/// ```text
/// &self, __arg1: Point, tries: u32
///
/// let _ = &self;
/// let __arg1 = __arg1;
/// let Point { x, y } = __arg1;
/// let mut tries = tries;
/// ```
pub(crate) fn move_into_future(sig: &mut Signature) -> TokenStream {
    sig.inputs
        .iter_mut()
        .enumerate()
        .map(|(index, argument)| match argument {
            // `self` cannot be bound to itself. A mention captures it whole.
            FnArg::Receiver(receiver) => {
                let this = receiver.self_token;
                quote!(let _ = &#this;)
            }
            FnArg::Typed(argument) => move_argument(argument, index),
        })
        .collect()
}

fn move_argument(argument: &mut PatType, index: usize) -> TokenStream {
    let attrs: Vec<_> = statement_attributes(&mut argument.attrs);
    let pattern = (*argument.pat).clone();
    let name = rename(argument, index);
    if is_name(&pattern) {
        let allowed = allowed_for_move(&name);
        return quote!(#(#attrs)* #allowed let #pattern = #name;);
    }
    quote! {
        #(#attrs)* let #name = #name;
        #(#attrs)* let #pattern = #name;
    }
}

/// Gives an argument a plain name, and returns it: its own name if it has one, else a new one.
pub(crate) fn rename(argument: &mut PatType, index: usize) -> Ident {
    let ident = match &*argument.pat {
        Pat::Ident(simple) if is_name(&argument.pat) => simple.ident.clone(),
        _ => Ident::new(&format!("__arg{index}"), Span::mixed_site()),
    };
    *argument.pat = Pat::Ident(PatIdent {
        attrs: Vec::new(),
        by_ref: None,
        mutability: None,
        ident: ident.clone(),
        subpat: None,
    });
    ident
}

fn is_name(pattern: &Pat) -> bool {
    matches!(pattern, Pat::Ident(PatIdent { by_ref: None, subpat: None, .. }))
}

/// Silences the lints that would fire on the move of an argument.
fn allowed_for_move(name: &Ident) -> Option<TokenStream> {
    name.to_string().starts_with('_').then(|| {
        quote! {
            #[allow(clippy::no_effect_underscore_binding, clippy::used_underscore_binding)]
        }
    })
}

/// Returns the attributes of an argument that its statement needs too. Removes from the argument those that only
/// the statement needs.
fn statement_attributes(attrs: &mut Vec<Attribute>) -> Vec<Attribute> {
    const SHARED: [&str; 7] = ["allow", "cfg", "cfg_attr", "deny", "expect", "forbid", "warn"];
    let is = |attr: &Attribute, name: &str| attr.path().is_ident(name);
    let of_statement = attrs.iter().filter(|attr| SHARED.iter().any(|name| is(attr, name)));
    let of_statement = of_statement.cloned().collect();
    // An expected lint fires where the argument is bound, which is in the statement.
    attrs.retain(|attr| !is(attr, "expect") && !is(attr, "cfg_attr"));
    of_statement
}

/// Bounds `Self` so that the receiver is `Send`: the future of a default body contains it, and must be `Send`.
///
/// Input:
///
/// ```text
/// fn get(&self);
/// ```
///
/// Output:
///
/// ```text
/// fn get(&self) where Self: Sync;
/// ```
pub(crate) fn require_send_receiver(sig: &mut Signature, krate: &TokenStream, span: Span) {
    let Some(receiver) = sig.receiver() else {
        return;
    };
    let (send, sync) = needs(&receiver.ty);
    let send = send.then(|| quote_spanned!(span=> #krate::__private::Send +));
    let sync = sync.then(|| quote_spanned!(span=> #krate::__private::Sync));
    let predicate = parse_quote_spanned!(span=> Self: #send #sync);
    sig.generics.make_where_clause().predicates.push(predicate);
}

/// Whether `Self` must be `Send`, and `Sync`, for a receiver of this type to be `Send`.
fn needs(receiver: &Type) -> (bool, bool) {
    match receiver {
        Type::Reference(reference) if reference.mutability.is_none() => (false, true),
        Type::Path(path) => {
            let last = path.path.segments.last().expect("a path has a segment");
            match last.ident.to_string().as_str() {
                "Arc" => (true, true),
                "Pin" => pointee(&last.arguments).map_or((true, false), needs),
                _ => (true, false),
            }
        }
        _ => (true, false),
    }
}

fn pointee(arguments: &PathArguments) -> Option<&Type> {
    let PathArguments::AngleBracketed(arguments) = arguments else {
        return None;
    };
    arguments.args.iter().find_map(|argument| match argument {
        GenericArgument::Type(pointee) => Some(pointee),
        _ => None,
    })
}
