//! The type that a twin is made for.

use std::collections::HashSet;
use std::mem;

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, format_ident, quote, quote_spanned};
use syn::ext::IdentExt;
use syn::visit_mut::{self, VisitMut};
use syn::{
    ConstParam, Expr, ExprPath, GenericParam, Generics, Ident, ItemImpl, Lifetime, LifetimeParam,
    Path, Receiver, Signature, Type, TypeParam, TypePath, parse_quote,
};

use crate::lifetimes;
use crate::options::{Options, OtherTwin};

/// The type that has a twin.
pub(crate) struct Client {
    /// The type, with a name for each of its lifetimes.
    pub(crate) ty: Type,
    pub(crate) generics: Generics,
    pub(crate) krate: TokenStream,
    /// The span of the generated code. To lints and hygiene it is that of a macro, and errors in it point at the
    /// option.
    pub(crate) span: Span,
    /// The other clients that have twins.
    others: Vec<OtherTwin>,
}

impl Client {
    pub(crate) fn of(block: ItemImpl, options: &Options, span: Span) -> Client {
        let ItemImpl { mut generics, self_ty: mut ty, .. } = block;
        for (index, lifetime) in lifetimes::name_elided_in(&mut ty, span).into_iter().enumerate() {
            let parameter = GenericParam::Lifetime(LifetimeParam::new(lifetime));
            generics.params.insert(index, parameter);
        }
        ForSelf(&ty).visit_generics_mut(&mut generics);
        let others = options.twins.iter().flat_map(|(_, twins)| twins).cloned().collect();
        Client { ty: *ty, generics, krate: options.krate(span), span, others }
    }

    /// Returns the generics of a struct around the client. A struct must use each of its lifetimes.
    pub(crate) fn generics_of_struct(&self) -> Generics {
        let mut used = Lifetimes(Vec::new());
        used.visit_type_mut(&mut self.ty.clone());
        let mut generics = self.generics.clone();
        let parameters = generics.params.into_iter().filter(|parameter| match parameter {
            GenericParam::Lifetime(parameter) => used.0.contains(&parameter.lifetime),
            _ => true,
        });
        generics.params = parameters.collect();
        generics
    }

    /// Returns the type of the twin called `name`. If another block makes that twin, its parameters are the
    /// client's.
    pub(crate) fn twin(&self, name: &Ident, made_elsewhere: bool) -> TokenStream {
        if made_elsewhere {
            let arguments = path_of(&self.ty).and_then(|path| path.segments.last());
            let arguments = arguments.map(|last| &last.arguments);
            return quote!(#name #arguments);
        }
        let generics = self.generics_of_struct();
        let (_, arguments, _) = generics.split_for_impl();
        quote!(#name #arguments)
    }

    /// Silences the lints that fire on the client's lifetimes in a generated block.
    pub(crate) fn allowed(&self) -> Option<TokenStream> {
        let mut lifetimes = self.generics.lifetimes();
        lifetimes.next().map(|_| quote_spanned!(self.span=> #[allow(single_use_lifetimes)]))
    }

    /// Returns a link to the client, for documentation.
    pub(crate) fn link(&self) -> String {
        format!("[`{}`]", self.path())
    }

    /// Returns a link to one of the client's members, for documentation.
    pub(crate) fn link_to(&self, member: &Ident) -> String {
        format!("[`{}::{}`]", self.path(), member.unraw())
    }

    /// Returns the client's name, with its path.
    pub(crate) fn path(&self) -> String {
        let segments = path_of(&self.ty).into_iter().flat_map(|path| &path.segments);
        let names = segments.map(|segment| match segment.ident.unraw().to_string() {
            dollar if dollar == "$crate" => "crate".to_owned(),
            name => name,
        });
        names.collect::<Vec<_>>().join("::")
    }

    /// Returns an expression that wraps a client in its twin.
    pub(crate) fn held(&self, client: impl ToTokens) -> TokenStream {
        let Client { krate, span, .. } = self;
        quote_spanned!(*span=> Self(#krate::__private::DropInside::new(#client)))
    }

    /// Returns an expression that takes the client out of the twin `this`.
    pub(crate) fn taken_out_of(&self, this: impl ToTokens) -> TokenStream {
        let Client { krate, span, .. } = self;
        quote_spanned!(*span=> #krate::__private::DropInside::into_inner(#this.0))
    }

    pub(crate) fn lent_by(&self, this: impl ToTokens) -> TokenStream {
        let Client { krate, span, .. } = self;
        quote_spanned!(*span=> #krate::__private::DropInside::get(&#this.0))
    }

    pub(crate) fn lent_mutably_by(&self, this: impl ToTokens) -> TokenStream {
        let Client { krate, span, .. } = self;
        quote_spanned!(*span=> #krate::__private::DropInside::get_mut(&mut #this.0))
    }

    /// Replaces each `Self` in `ty` with the client: in the twin, `Self` is the twin.
    pub(crate) fn name_in_type(&self, ty: &mut Type) {
        ForSelf(&self.ty).visit_type_mut(ty);
    }

    /// Replaces each `Self` in `sig` with the client, except in the receiver, which is the twin's.
    pub(crate) fn name_in_signature(&self, sig: &mut Signature) {
        ForSelf(&self.ty).visit_signature_mut(sig);
    }

    /// Replaces each `Self` in `expr` with the client.
    pub(crate) fn name_in_expr(&self, expr: &mut Expr) {
        ForSelf(&self.ty).visit_expr_mut(expr);
    }

    /// Whether the client has parameters, one of which is used by one of `names`.
    pub(crate) fn is_generic_in(&self, names: &HashSet<String>) -> bool {
        let mut parameters = self.generics.params.iter();
        let is_named = |parameter: &GenericParam| match parameter {
            GenericParam::Lifetime(_) => names.contains("Self"),
            GenericParam::Type(TypeParam { ident, .. })
            | GenericParam::Const(ConstParam { ident, .. }) => {
                names.contains("Self") || names.contains(&ident.to_string())
            }
        };
        parameters.any(is_named)
    }

    /// Returns the twin of another client, with its path and its arguments.
    pub(crate) fn other_twin(&self, ty: &Type) -> Option<Type> {
        let mut path = path_of(ty)?.clone();
        let last = path.segments.last_mut()?;
        let other = self.others.iter().find(|other| other.client == last.ident)?;
        match &other.twin {
            None => last.ident = default_twin(&last.ident),
            Some(twin) => {
                let arguments = mem::take(&mut last.arguments);
                path = twin.clone();
                path.segments.last_mut()?.arguments = arguments;
            }
        }
        Some(parse_quote!(#path))
    }

    /// Whether `ty` is the client.
    pub(crate) fn is(&self, ty: &Type) -> bool {
        is_self(ty) || ty.to_token_stream().to_string() == self.ty.to_token_stream().to_string()
    }
}

/// Returns the twin of the client called `name` where no other name is given.
pub(crate) fn default_twin(name: &Ident) -> Ident {
    // As an argument, and not within the braces: so it gives its span.
    format_ident!("Blocking{}", name)
}

/// Returns the name of a type, if it has one.
pub(crate) fn name_of(ty: &Type) -> Option<&Ident> {
    path_of(ty).and_then(|path| path.segments.last()).map(|last| &last.ident)
}

/// Whether `ty` is `Self`.
pub(crate) fn is_self(ty: &Type) -> bool {
    matches!(ty, Type::Path(ty) if ty.qself.is_none() && ty.path.is_ident("Self"))
}

/// Returns the path of a type, if it has a name. A type from a macro may be within an invisible group.
pub(crate) fn path_of(ty: &Type) -> Option<&Path> {
    match ty {
        Type::Group(group) => path_of(&group.elem),
        Type::Path(TypePath { qself: None, path }) => Some(path),
        _ => None,
    }
}

/// Replaces `Self` with a type.
struct ForSelf<'a>(&'a Type);

impl ForSelf<'_> {
    /// Turns `Self::N` into `<Client>::N`.
    fn qualified(&self, path: &Path) -> Option<TokenStream> {
        if path.segments.len() < 2 || path.segments[0].ident != "Self" {
            return None;
        }
        let (ty, rest) = (self.0, path.segments.iter().skip(1));
        Some(quote!(<#ty> #(::#rest)*))
    }
}

impl VisitMut for ForSelf<'_> {
    fn visit_type_mut(&mut self, ty: &mut Type) {
        match ty {
            Type::Path(named) if named.qself.is_none() && named.path.is_ident("Self") => {
                *ty = self.0.clone();
            }
            _ => visit_mut::visit_type_mut(self, ty),
        }
    }

    fn visit_type_path_mut(&mut self, ty: &mut TypePath) {
        visit_mut::visit_type_path_mut(self, ty);
        if let (None, Some(qualified)) = (&ty.qself, self.qualified(&ty.path)) {
            *ty = parse_quote!(#qualified);
        }
    }

    fn visit_expr_path_mut(&mut self, expr: &mut ExprPath) {
        visit_mut::visit_expr_path_mut(self, expr);
        if let (None, Some(qualified)) = (&expr.qself, self.qualified(&expr.path)) {
            *expr = parse_quote!(#qualified);
        }
    }

    fn visit_receiver_mut(&mut self, _: &mut Receiver) {}
}

/// Collects lifetimes.
struct Lifetimes(Vec<Lifetime>);

impl VisitMut for Lifetimes {
    fn visit_lifetime_mut(&mut self, lifetime: &mut Lifetime) {
        self.0.push(lifetime.clone());
    }
}
